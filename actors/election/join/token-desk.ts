import type { Ed25519PublicKey, ExpandedSecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey, fromHex } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import type { NodeId } from '../../kernel/brands.js';
import {
  joinKeyGrant,
  joinSecret,
  tokenClientAuthorization,
  tokenJoinKey,
} from '../../kernel/cluster-keys.js';
import type { ClusterSecret, JoinTokenId } from '../../kernel/cluster-keys.js';
import type { Clock } from '../../kernel/clock.js';
import type { Config } from '../../kernel/config/schema.js';
import { rbError } from '../../kernel/errors.js';
import type { Random } from '../../kernel/random.js';
import type { JoinTokenView, TokenAnswer, TokenCommand } from '../messages.js';
import { newJoinToken, revocation } from '../records/issuing.js';
import { memberKey } from '../records/record-set.js';
import type { RecordSet } from '../records/record-set.js';
import type { JoinTokenRecord, MemberRecord, SignedRecord } from '../records/record.js';
import type { RecordSigner } from '../records/signing.js';
import { joinTokenOf, joinTokensOf, memberOf, presentMembers, tokenState } from '../records/views.js';
import { embedKey } from './embedded-key.js';
import { encodeTokenText, MAX_OTHERS } from './token-text.js';
import type { JoinToken, TokenOrigin } from './token-text.js';

/** What the operator does with tokens happens to the records of this node; gossip takes it to the others. */
export interface TokenWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ClusterSecret;
  readonly signer: RecordSigner;
  readonly mode: Config['coordination']['mode'];
  readonly clusterToken: string;
  /** Where joins are taken at the master address; null: they are not. */
  readonly viaMaster: { readonly address: OnionAddress; readonly port: number } | null;
  /** Null on a node that never publishes. */
  readonly masterKey: ExpandedSecretKey | null;
  records(): RecordSet;
  learn(records: readonly SignedRecord[]): void;
  /** Whether a member could be called instead of this node. */
  isLive(id: NodeId): boolean;
}

const WHERE = 'join tokens';
const TOKEN_ID_BYTES = 8;

const nameOf = (set: RecordSet, key: Ed25519PublicKey): NodeId | null => memberOf(set, key)?.id ?? null;

const viewOf = (set: RecordSet, token: JoinTokenRecord, nowSecs: number): JoinTokenView => ({
  id: bytesKey(token.tokenId),
  state: tokenState(token, nowSecs),
  issuer: nameOf(set, token.issuer),
  notAfter: token.notAfter,
  uses: token.uses,
  // A member whose record has not come yet is shown by the beginning of its key.
  usedBy: token.usedBy.map((key) => nameOf(set, key) ?? (bytesKey(key).slice(0, 8) as NodeId)),
});

/** How a joiner can call a member; null where it cannot. */
const originOf = (member: MemberRecord, mode: TokenWorld['mode']): TokenOrigin | null => {
  const { id, publicKey, direct, wireguard } = member;
  const coordination =
    mode === 'direct' || member.coordination === null ? null : encodeOnionAddress(member.coordination);
  if (mode === 'direct' ? direct === null : coordination === null) return null;
  return {
    nodeId: id,
    nodeKey: publicKey,
    coordination,
    direct: mode === 'direct' ? direct : null,
    wireguard: mode === 'wireguard' ? wireguard : null,
  };
};

const create = (
  world: TokenWorld,
  { lifetimeSecs, uses, seal, bringsKey }: Extract<TokenCommand, { action: 'create' }>,
  nowSecs: number,
): string => {
  const { secret, signer, random, mode, clusterToken, masterKey, viaMaster } = world;
  if (seal !== null && masterKey === null) throw rbError('token.no-master-key', WHERE);
  const own = memberOf(world.records(), signer.key.publicKey);
  const origin = own === null || own.state === 'removed' ? null : originOf(own, mode);
  if (origin === null) throw rbError('token.no-address', WHERE);
  const id = random.bytes(TOKEN_ID_BYTES) as JoinTokenId;
  const notAfter = nowSecs + lifetimeSecs;
  // What is sealed holds the key itself, and without the passphrase nothing of the token shall bring it.
  const grant =
    masterKey !== null && bringsKey && seal === null
      ? joinKeyGrant(masterKey, secret.tag, id, notAfter)
      : null;
  world.learn([newJoinToken(signer, { tokenId: id, issuer: signer.key.publicKey, notAfter, uses })]);
  const others = presentMembers(world.records())
    .filter((member) => member.id !== origin.nodeId && world.isLive(member.id))
    // A joiner that is to be given the key would ask the others in vain.
    .filter((member) => member.hasMasterKey || grant === null)
    .flatMap((member) => originOf(member, mode) ?? [])
    .slice(0, MAX_OTHERS);
  const token: JoinToken = {
    cluster: secret.tag,
    id,
    secret: joinSecret(secret, id),
    clientAuthorization: tokenClientAuthorization(secret, id).secret,
    notAfter,
    uses,
    ...(grant === null ? {} : { keyGrant: grant }),
    origin,
    others,
    ...(viaMaster === null ? {} : { viaMaster: { ...viaMaster, key: tokenJoinKey(secret, id).publicKey } }),
  };
  if (seal === null || masterKey === null) return encodeTokenText(token);
  const records = [origin, ...others].flatMap(
    ({ nodeKey }) => world.records().get(memberKey(nodeKey))?.at(-1)?.bytes ?? [],
  );
  return encodeTokenText(embedKey(token, seal, { masterKey, clusterToken, records }, random));
};

const revoke = (world: TokenWorld, id: string): void => {
  const tokenId = fromHex(id);
  const token = tokenId === null ? null : joinTokenOf(world.records(), tokenId as JoinTokenId);
  if (token === null) throw rbError('token.unknown', WHERE, { id });
  const signed = revocation(world.signer, token);
  if (signed !== null) world.learn([signed]);
};

/**
 * Does what the operator wants with join tokens, and shows those that are left.
 *
 * @throws RbError token.no-address, token.no-master-key, token.unknown
 */
export const commandTokens = (world: TokenWorld, command: TokenCommand): TokenAnswer => {
  const nowSecs = Math.floor(world.clock.wallMs() / 1000);
  let created: string | null = null;
  if (command.action === 'create') created = create(world, command, nowSecs);
  if (command.action === 'revoke') revoke(world, command.id);
  const set = world.records();
  return { tokens: joinTokensOf(set).map((token) => viewOf(set, token, nowSecs)), created };
};
