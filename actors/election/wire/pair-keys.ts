import { pairAgreement } from '@rustbalance/crypto-worker/x25519.js';
import type { Brand, Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { expandForDatagrams } from '../../kernel/cluster-keys.js';
import type { ClusterSecret } from '../../kernel/cluster-keys.js';
import { nodePublicKey } from '../../kernel/node-key.js';
import type { NodeTag } from './header.js';
import { TAG_BYTES } from './limits.js';

/**
 * The keys of datagrams. Each ordered pair of nodes has a key of its own, made from the X25519 agreement of their
 * node keys and from the cluster token: whoever leaves the members' lists is out at once, nobody can speak for
 * another, and a stolen node key alone opens nothing.
 */
export type DatagramKey = Brand<Uint8Array, 'DatagramKey'>;

export interface PairKeys {
  /** Seals what we send to the peer. */
  readonly sending: DatagramKey;
  /** Opens what the peer sends to us. */
  readonly receiving: DatagramKey;
}

const KEY_BYTES = 32;

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

/** How a node is named on the wire. Whoever does not hold the token cannot tell which public key it belongs to. */
export const nodeTag = (secret: ClusterSecret, publicKey: Ed25519PublicKey): NodeTag =>
  expandForDatagrams(secret.key, [text('node tag '), publicKey], TAG_BYTES) as NodeTag;

/**
 * Both keys between this node and a peer. 0.3 ms, once for each peer at start.
 *
 * @param seed this node's key
 * @returns null when the peer's public key is no usable point of the curve
 */
export const pairKeys = (
  secret: ClusterSecret,
  seed: Ed25519Seed,
  peer: Ed25519PublicKey,
): PairKeys | null => {
  const shared = pairAgreement(seed, peer);
  if (shared === null) return null;
  const input = Buffer.concat([shared, secret.key]);
  const ours = nodePublicKey(seed);
  const directed = (from: Ed25519PublicKey, to: Ed25519PublicKey): DatagramKey =>
    expandForDatagrams(input, [text('datagram key '), from, to], KEY_BYTES) as DatagramKey;
  return { sending: directed(ours, peer), receiving: directed(peer, ours) };
};
