import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../kernel/brands.js';
import type { Config } from '../kernel/config/schema.js';
import { rbError } from '../kernel/errors.js';
import { nodePublicKey, parseNodePublicKey } from '../kernel/node-key.js';
import type { ActorSecrets } from '../kernel/secrets.js';
import { NO_TAG, tagKey } from './wire/header.js';
import type { NodeTag } from './wire/header.js';
import type { ClusterSecret, PairKeys } from './wire/pair-keys.js';
import { clusterSecret, nodeTag, pairKeys } from './wire/pair-keys.js';

/** One other node of the cluster and the keys that we share with it. */
export interface Member {
  readonly id: NodeId;
  readonly publicKey: Ed25519PublicKey;
  readonly tag: NodeTag;
  readonly keys: PairKeys;
}

/** This node among the others. Without peers nothing is ever sent, and no keys are needed. */
export interface Membership {
  readonly self: {
    readonly id: NodeId;
    readonly publicKey: Ed25519PublicKey | null;
    readonly tag: NodeTag;
  };
  readonly secret: ClusterSecret | null;
  readonly members: readonly Member[];
}

const WHERE = 'election';

/** Agrees on the keys of one pair; tests that start thousands of nodes remember the results. */
export type AgreeKeys = (secret: ClusterSecret, seed: Ed25519Seed, peer: Ed25519PublicKey) => PairKeys | null;

/**
 * Reads the static members from `[[direct.peers]]`.
 *
 * @throws RbError config.token-missing, cluster.node-key-missing, cluster.bad-peer-key, config.peer-is-self or
 *   config.peer-twice
 */
export const staticMembership = (
  config: Config,
  secrets: ActorSecrets,
  agree: AgreeKeys = pairKeys,
): Membership => {
  const id = config.node.id as NodeId;
  const listed = config.direct.peers;
  const seed = secrets.nodeKey?.reveal() as Ed25519Seed | undefined;
  const publicKey = seed === undefined ? null : nodePublicKey(seed);
  if (listed.length === 0) return { self: { id, publicKey, tag: NO_TAG }, secret: null, members: [] };
  if (secrets.clusterToken === null) throw rbError('config.token-missing', WHERE);
  if (seed === undefined || publicKey === null) throw rbError('cluster.node-key-missing', WHERE);

  const secret = clusterSecret(secrets.clusterToken.reveal(), config.master.onion_address);
  const self = { id, publicKey, tag: nodeTag(secret, publicKey) };
  const names = new Set<string>([id]);
  const tags = new Set<string>([tagKey(self.tag)]);
  const members = listed.map((peer, index): Member => {
    const key = `direct.peers[${index}]`;
    const theirs = parseNodePublicKey(peer.public_key);
    const keys = theirs === null ? null : agree(secret, seed, theirs);
    if (theirs === null || keys === null) throw rbError('cluster.bad-peer-key', key, { peer: peer.id });
    const tag = nodeTag(secret, theirs);
    if (names.has(peer.id)) throw rbError('cluster.member-twice', key, { field: 'id', peer: peer.id });
    if (tags.has(tagKey(tag)))
      throw rbError('cluster.member-twice', key, { field: 'public_key', peer: peer.id });
    names.add(peer.id);
    tags.add(tagKey(tag));
    return { id: peer.id as NodeId, publicKey: theirs, tag, keys };
  });
  return { self, secret, members };
};
