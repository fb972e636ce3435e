import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey, compareBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { JoinTokenId } from '../../kernel/cluster-keys.js';
import { memberKey, tokenKey } from './record-set.js';
import type { RecordSet } from './record-set.js';
import type { JoinTokenRecord, MemberRecord, SignedRecord } from './record.js';

/** What a set says. */

const newest = (records: readonly SignedRecord[] | undefined): SignedRecord | null => records?.at(-1) ?? null;

const asMember = (signed: SignedRecord | null): MemberRecord | null =>
  signed?.record.kind === 'member' ? signed.record : null;

/** The member with this node key, removed or not. */
export const memberOf = (set: RecordSet, publicKey: Ed25519PublicKey): MemberRecord | null =>
  asMember(newest(set.get(memberKey(publicKey))));

/** All members, removed ones too, in the order of their node keys. */
export const membersOf = (set: RecordSet): readonly MemberRecord[] =>
  [...set.values()]
    .flatMap((records) => asMember(newest(records)) ?? [])
    .sort((a, b) => compareBytes(a.publicKey, b.publicKey));

/** Those that belong to the cluster now. */
export const presentMembers = (set: RecordSet): readonly MemberRecord[] =>
  membersOf(set).filter(({ state }) => state === 'present');

/**
 * One record for all that is known of a token: the newest one, revoked if any says so, used by whoever used any of
 * them. More users than uses are possible: two nodes may have counted apart from one another.
 */
const joined = (records: readonly SignedRecord[] | undefined): JoinTokenRecord | null => {
  const tokens = (records ?? []).flatMap(({ record }) => (record.kind === 'join-token' ? record : []));
  const last = tokens.at(-1);
  if (last === undefined) return null;
  const users = new Map(tokens.flatMap(({ usedBy }) => usedBy.map((key) => [bytesKey(key), key] as const)));
  return {
    ...last,
    version: Math.max(...tokens.map(({ version }) => version)),
    revoked: tokens.some(({ revoked }) => revoked),
    usedBy: [...users.values()].sort(compareBytes),
  };
};

export const joinTokenOf = (set: RecordSet, id: JoinTokenId): JoinTokenRecord | null =>
  joined(set.get(tokenKey(id)));

/** All tokens, used up, expired and revoked ones too, in the order of their ids. */
export const joinTokensOf = (set: RecordSet): readonly JoinTokenRecord[] =>
  [...set.values()]
    .flatMap((records) => joined(records) ?? [])
    .sort((a, b) => compareBytes(a.tokenId, b.tokenId));

export type TokenState = 'live' | 'spent' | 'expired' | 'revoked';

/** @param nowSecs Unix time */
export const tokenState = (token: JoinTokenRecord, nowSecs: number): TokenState => {
  if (token.revoked) return 'revoked';
  if (token.usedBy.length >= token.uses) return 'spent';
  return nowSecs > token.notAfter ? 'expired' : 'live';
};
