import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey, compareBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { signRecord } from './signing.js';
import type { RecordSigner } from './signing.js';
import type { RecordSet } from './record-set.js';
import { HIGHEST_VERSION, MAX_TOKEN_USES } from './record.js';
import type { JoinTokenRecord, MemberRecord, SignedRecord } from './record.js';
import { memberOf } from './views.js';

/** The records that a member signs. Each supersedes what the given set says of its subject. */

export type MemberFields = Omit<MemberRecord, 'kind' | 'version' | 'state'>;
export type TokenFields = Pick<JoinTokenRecord, 'tokenId' | 'issuer' | 'notAfter' | 'uses'>;

const after = (version: number): number => Math.min(HIGHEST_VERSION, version + 1);

/** A member that comes in, or says something new of itself. Null for one that was removed: that is for ever. */
export const admission = (
  signer: RecordSigner,
  set: RecordSet,
  fields: MemberFields,
): SignedRecord<MemberRecord> | null => {
  const before = memberOf(set, fields.publicKey);
  if (before?.state === 'removed') return null;
  const version = after(before?.version ?? 0);
  return signRecord(signer, { ...fields, kind: 'member', version, state: 'present' });
};

/** The end of a membership. Null when the set knows no such member or it has been removed already. */
export const removal = (
  signer: RecordSigner,
  set: RecordSet,
  publicKey: Ed25519PublicKey,
): SignedRecord<MemberRecord> | null => {
  const before = memberOf(set, publicKey);
  if (before === null || before.state === 'removed') return null;
  return signRecord(signer, { ...before, version: after(before.version), state: 'removed' });
};

/** A new token, used by nobody. */
export const newJoinToken = (signer: RecordSigner, fields: TokenFields): SignedRecord<JoinTokenRecord> =>
  signRecord(signer, { ...fields, kind: 'join-token', version: 1, usedBy: [], revoked: false });

/**
 * The token with one more use counted. A node key that is among the users already changes nothing: null. So does one
 * for which there is no room.
 *
 * @param token as joinTokenOf() gives it, so that uses counted elsewhere are kept
 */
export const tokenUse = (
  signer: RecordSigner,
  token: JoinTokenRecord,
  user: Ed25519PublicKey,
): SignedRecord<JoinTokenRecord> | null => {
  if (token.usedBy.length >= MAX_TOKEN_USES) return null;
  if (token.usedBy.some((key) => bytesKey(key) === bytesKey(user))) return null;
  const usedBy = [...token.usedBy, user].sort(compareBytes);
  return signRecord(signer, { ...token, version: after(token.version), usedBy });
};

/** The end of a token. Null when it is revoked already. */
export const revocation = (
  signer: RecordSigner,
  token: JoinTokenRecord,
): SignedRecord<JoinTokenRecord> | null =>
  token.revoked
    ? null
    : signRecord(signer, {
        ...token,
        version: after(token.version),
        usedBy: token.usedBy.slice(0, MAX_TOKEN_USES),
        revoked: true,
      });
