import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import type {
  Ed25519Seed,
  ExpandedSecretKey,
  IdentityPublicKey,
  OnionAddress,
} from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { embedKey } from '@rustbalance/actors/election/join/embedded-key.js';
import type { PassphraseSeal } from '@rustbalance/actors/election/join/embedded-key.js';
import { encodeTokenText } from '@rustbalance/actors/election/join/token-text.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import { admission, newJoinToken } from '@rustbalance/actors/election/records/issuing.js';
import { isIpPort } from '@rustbalance/actors/election/records/ip-port.js';
import { EMPTY_SET } from '@rustbalance/actors/election/records/record-set.js';
import type { MemberRecord, SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { recordSigner } from '@rustbalance/actors/election/records/signing.js';
import { isNodeId } from '@rustbalance/actors/kernel/brands.js';
import {
  clusterSecret,
  coordinationIdentitySeed,
  joinKeyGrant,
  joinSecret,
  tokenClientAuthorization,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { NewTransport } from './transport.js';

/** The first token lets a whole small cluster in on the day that it is made; others are made by the daemon. */
export const FIRST_TOKEN_USES = 5;
export const FIRST_TOKEN_HOURS = 24;

const TOKEN_ID_BYTES = 8;

export interface FirstMember {
  /** For peers/: the member's own record, then that of the token. */
  readonly records: readonly SignedRecord[];
  /** `rb1:…`: a secret. */
  readonly joinToken: string;
}

interface FirstMemberSource {
  readonly id: string;
  readonly priority: number;
  readonly transport: NewTransport;
  readonly nodeSeed: Ed25519Seed;
  readonly clusterToken: string;
  /** Its address without ".onion". */
  readonly master: { readonly address: OnionAddress; readonly secret: ExpandedSecretKey | null };
}

const UNSPECIFIED = /^(?:0\.0\.0\.0|\[[0:]+\]):/;

/** A listening address as others can use it: not one that stands for all addresses of the machine. */
const reachable = (listen: string | undefined): string | null =>
  listen === undefined || UNSPECIFIED.test(listen) || !isIpPort(listen) ? null : listen;

/** Can another node find this one, now that all it has is a token? */
export const isReachable = (transport: NewTransport): boolean =>
  transport.mode !== 'direct' || reachable(transport.listen) !== null;

const memberFields = (
  source: FirstMemberSource,
  coordination: IdentityPublicKey,
): Omit<MemberRecord, 'kind' | 'version' | 'state'> => {
  const { transport } = source;
  if (!isNodeId(source.id)) throw new TypeError('the node id was not checked');
  return {
    publicKey: nodePublicKey(source.nodeSeed),
    id: source.id,
    priority: source.priority,
    hasMasterKey: true,
    // Nodes on a network of their own do without Tor between them.
    coordination: transport.mode === 'direct' ? null : coordination,
    wireguard:
      transport.mode === 'wireguard'
        ? { publicKey: curve25519PublicKey(transport.privateKey), endpoint: transport.endpoint }
        : null,
    direct: transport.mode === 'direct' ? reachable(transport.listen) : null,
  };
};

/**
 * What makes a node the first member of its cluster: its own record, and a join token, both signed by itself. The
 * token's secrets follow from the cluster secret and its id (kernel/cluster-keys.ts), so its record holds none.
 *
 * @param nowMs Unix time
 * @param seal the join token holds the master key, sealed with this; null: it does not
 */
export const firstMember = (
  source: FirstMemberSource,
  random: Random,
  nowMs: number,
  seal: PassphraseSeal | null,
): FirstMember => {
  const { clusterToken, master } = source;
  const secret = clusterSecret(Buffer.from(clusterToken, 'utf8'), master.address);
  const signer = recordSigner(secret.tag, source.nodeSeed);
  const service = generateIdentity(coordinationIdentitySeed(source.nodeSeed));
  const member = admission(signer, EMPTY_SET, memberFields(source, service.publicKey));
  if (member === null) throw new TypeError('an empty set has removed nobody');
  const { publicKey, wireguard, direct, id } = member.record;
  const issued = newJoinToken(signer, {
    tokenId: random.bytes(TOKEN_ID_BYTES) as JoinTokenId,
    issuer: publicKey,
    notAfter: Math.floor(nowMs / 1000) + FIRST_TOKEN_HOURS * 3600,
    uses: FIRST_TOKEN_USES,
  });
  const { tokenId, notAfter, uses } = issued.record;
  const endpoint = wireguard?.endpoint ?? null;
  const token: JoinToken = {
    cluster: secret.tag,
    id: tokenId,
    secret: joinSecret(secret, tokenId),
    clientAuthorization: tokenClientAuthorization(secret, tokenId).secret,
    notAfter,
    uses,
    // Beside what is sealed nothing brings the key: without the passphrase the token shall not.
    ...(seal !== null || master.secret === null
      ? {}
      : { keyGrant: joinKeyGrant(master.secret, secret.tag, tokenId, notAfter) }),
    origin: {
      nodeId: id,
      nodeKey: publicKey,
      coordination: member.record.coordination === null ? null : service.address,
      direct,
      wireguard:
        wireguard === null || endpoint === null ? null : { publicKey: wireguard.publicKey, endpoint },
    },
    others: [],
  };
  const embedded =
    seal === null || master.secret === null
      ? token
      : embedKey(token, seal, { masterKey: master.secret, clusterToken, records: [member.bytes] }, random);
  return { records: [member, issued], joinToken: encodeTokenText(embedded) };
};
