import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../kernel/brands.js';
import { clusterSecret } from '../kernel/cluster-keys.js';
import type { ClusterSecret } from '../kernel/cluster-keys.js';
import type { Config } from '../kernel/config/schema.js';
import { rbError } from '../kernel/errors.js';
import { nodePublicKey, parseNodePublicKey } from '../kernel/node-key.js';
import type { ActorSecrets } from '../kernel/secrets.js';
import type { MemberAddresses } from './messages.js';
import { recordSigner } from './records/signing.js';
import type { RecordSigner } from './records/signing.js';
import { NO_TAG, tagKey } from './wire/header.js';
import type { NodeTag } from './wire/header.js';
import type { PairKeys } from './wire/pair-keys.js';
import { nodeTag, pairKeys } from './wire/pair-keys.js';

/** One other node of the cluster and the keys that we share with it. */
export interface Member {
  readonly id: NodeId;
  readonly publicKey: Ed25519PublicKey;
  readonly tag: NodeTag;
  readonly keys: PairKeys;
  readonly addresses: MemberAddresses;
}

/** This node among the others. Without peers and without records nothing is ever sent, and no keys are needed. */
export interface Membership {
  readonly self: {
    readonly id: NodeId;
    readonly publicKey: Ed25519PublicKey | null;
    readonly tag: NodeTag;
  };
  readonly secret: ClusterSecret | null;
  /** By configuration. */
  readonly members: readonly Member[];
  /** Signs records with the node key; null where records are not used. */
  readonly signer: RecordSigner | null;
  /** Agrees with a node that a record names; null when its key is no usable point. 0.3 ms. */
  readonly meet: (id: NodeId, publicKey: Ed25519PublicKey, addresses: MemberAddresses) => Member | null;
}

const WHERE = 'election';

/** Agrees on the keys of one pair; tests that start thousands of nodes remember the results. */
export type AgreeKeys = (secret: ClusterSecret, seed: Ed25519Seed, peer: Ed25519PublicKey) => PairKeys | null;

/**
 * Reads the static members from `[[direct.peers]]`, and whether others come by records (`coordination.members_dir`).
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
  if (listed.length === 0 && config.coordination.members_dir === '') {
    return {
      self: { id, publicKey, tag: NO_TAG },
      secret: null,
      members: [],
      signer: null,
      meet: () => null,
    };
  }
  if (secrets.clusterToken === null) throw rbError('config.token-missing', WHERE);
  if (seed === undefined || publicKey === null) throw rbError('cluster.node-key-missing', WHERE);

  const secret = clusterSecret(secrets.clusterToken.reveal(), config.master.onion_address);
  const self = { id, publicKey, tag: nodeTag(secret, publicKey) };
  const meet: Membership['meet'] = (theirId, theirs, addresses) => {
    const keys = agree(secret, seed, theirs);
    return keys === null
      ? null
      : { id: theirId, publicKey: theirs, tag: nodeTag(secret, theirs), keys, addresses };
  };
  const names = new Set<string>([id]);
  const tags = new Set<string>([tagKey(self.tag)]);
  const members = listed.map((peer, index): Member => {
    const key = `direct.peers[${index}]`;
    const theirs = parseNodePublicKey(peer.public_key);
    const addresses = { direct: peer.address, wireguard: null, coordination: null };
    const member = theirs === null ? null : meet(peer.id as NodeId, theirs, addresses);
    if (member === null) throw rbError('cluster.bad-peer-key', key, { peer: peer.id });
    const { tag } = member;
    if (names.has(peer.id)) throw rbError('cluster.member-twice', key, { field: 'id', peer: peer.id });
    if (tags.has(tagKey(tag)))
      throw rbError('cluster.member-twice', key, { field: 'public_key', peer: peer.id });
    names.add(peer.id);
    tags.add(tagKey(tag));
    return member;
  });
  return { self, secret, members, signer: recordSigner(secret.tag, seed), meet };
};
