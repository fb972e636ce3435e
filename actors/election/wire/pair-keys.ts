import { createHash, createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Brand, Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { nodePublicKey } from '../../kernel/node-key.js';
import type { ClusterTag, NodeTag } from './header.js';
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

/** What all nodes of one cluster share, and nobody else has. */
export interface ClusterSecret {
  /** 32 bytes from the token and the master address: a token used for two addresses makes two clusters. */
  readonly key: Uint8Array;
  readonly tag: ClusterTag;
}

const SALT = Buffer.from('rustbalance datagram v1');
const KEY_BYTES = 32;

/** HKDF-SHA256 (RFC 5869). */
const derive = (input: Uint8Array, info: readonly Uint8Array[], length: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', input, SALT, Buffer.concat(info), length));

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

/** @param token the cluster token, any length; @param masterAddress as configured, with or without ".onion" */
export const clusterSecret = (token: Uint8Array, masterAddress: string): ClusterSecret => {
  const address = text(masterAddress.replace(/\.onion$/, ''));
  return {
    key: derive(token, [text('cluster key '), address], KEY_BYTES),
    tag: derive(token, [text('cluster tag '), address], TAG_BYTES) as ClusterTag,
  };
};

/** How a node is named on the wire. Whoever does not hold the token cannot tell which public key it belongs to. */
export const nodeTag = (secret: ClusterSecret, publicKey: Ed25519PublicKey): NodeTag =>
  derive(secret.key, [text('node tag '), publicKey], TAG_BYTES) as NodeTag;

/** DER of a PKCS #8 X25519 private key and of its public counterpart up to the 32 bytes (RFC 8410 §7, §4). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/** The X25519 key with the same scalar as the Ed25519 key: the first half of SHA-512(seed) (RFC 8032 §5.1.5). */
const agreementKey = (seed: Ed25519Seed): KeyObject => {
  const scalar = createHash('sha512').update(seed).digest().subarray(0, KEY_BYTES);
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, scalar]), format: 'der', type: 'pkcs8' });
};

/** Montgomery's u of an Edwards point (RFC 7748 §4.1); null for what is no point or has a small order. 0.2 ms. */
const montgomery = (publicKey: Ed25519PublicKey): KeyObject | null => {
  try {
    if (ed25519.Point.fromBytes(publicKey).isSmallOrder()) return null;
    const u = ed25519.utils.toMontgomery(publicKey);
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, u]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
};

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
  const theirs = montgomery(peer);
  if (theirs === null) return null;
  const shared = diffieHellman({ privateKey: agreementKey(seed), publicKey: theirs });
  const input = Buffer.concat([shared, secret.key]);
  const ours = nodePublicKey(seed);
  const directed = (from: Ed25519PublicKey, to: Ed25519PublicKey): DatagramKey =>
    derive(input, [text('datagram key '), from, to], KEY_BYTES) as DatagramKey;
  return { sending: directed(ours, peer), receiving: directed(peer, ours) };
};
