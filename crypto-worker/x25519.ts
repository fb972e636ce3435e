import { createHash, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import type {
  Curve25519PublicKey,
  Curve25519SecretKey,
  Ed25519PublicKey,
  Ed25519Seed,
  PairAgreement,
} from './brands.js';

const KEY_BYTES = 32;

/** DER of a PKCS #8 X25519 private key and of its public counterpart up to the 32 bytes (RFC 8410 §7, §4). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

const privateKeyObject = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' });

const publicKeyObject = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });

/** The X25519 public key of a scalar. */
export const curve25519PublicKey = (secret: Curve25519SecretKey): Curve25519PublicKey =>
  new Uint8Array(
    createPublicKey(privateKeyObject(secret)).export({ type: 'spki', format: 'der' }).subarray(-KEY_BYTES),
  ) as Curve25519PublicKey;

/** X25519 (RFC 7748 §6.1); null where the result is all zero, which a key of small order makes it. */
export const agree = (secret: Curve25519SecretKey, publicKey: Curve25519PublicKey): Uint8Array | null => {
  try {
    const shared = diffieHellman({
      privateKey: privateKeyObject(secret),
      publicKey: publicKeyObject(publicKey),
    });
    return shared.every((byte) => byte === 0) ? null : new Uint8Array(shared);
  } catch {
    return null;
  }
};

/** The X25519 key with the same scalar as a node's Ed25519 key: the first half of SHA-512(seed) (RFC 8032 §5.1.5). */
export const nodeAgreementKey = (seed: Ed25519Seed): Curve25519SecretKey =>
  new Uint8Array(createHash('sha512').update(seed).digest().subarray(0, KEY_BYTES)) as Curve25519SecretKey;

/**
 * A node's public key as X25519 knows it: Montgomery's u of the Edwards point (RFC 7748 §4.1). 0.2 ms.
 *
 * @returns null for what is no point or has a small order
 */
export const nodeAgreementPublicKey = (publicKey: Ed25519PublicKey): Curve25519PublicKey | null => {
  try {
    if (ed25519.Point.fromBytes(publicKey).isSmallOrder()) return null;
    return ed25519.utils.toMontgomery(publicKey) as Curve25519PublicKey;
  } catch {
    return null;
  }
};

/**
 * What this node and a peer agree on. 0.3 ms, once for each peer.
 *
 * @returns null when the peer's public key is no usable point of the curve
 */
export const pairAgreement = (seed: Ed25519Seed, peer: Ed25519PublicKey): PairAgreement | null => {
  const theirs = nodeAgreementPublicKey(peer);
  return theirs === null ? null : (agree(nodeAgreementKey(seed), theirs) as PairAgreement | null);
};
