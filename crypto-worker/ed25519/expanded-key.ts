/**
 * Ed25519 with an expanded secret key: what Tor keeps on disk and what blinding produces. node:crypto takes
 * seeds only, so this goes through the curve arithmetic of noble.
 */
import type { BlindedSecretKey, Ed25519PublicKey, Ed25519Seed, ExpandedSecretKey } from '../brands.js';
import { assertLength, concatBytes } from '../encoding/bytes.js';
import { sha512 } from '../hash.js';
import { basePoint } from './point.js';
import { L, clamp, reducedScalar, scalarToBytes } from './scalar.js';

type SecretKey = ExpandedSecretKey | BlindedSecretKey;

/** RFC 8032 §5.1.5: the clamped half of SHA-512(seed), then the other half as nonce prefix. */
export const expandSeed = (seed: Ed25519Seed): ExpandedSecretKey => {
  assertLength(seed, 32, 'seed');
  const hash = sha512(seed);
  return concatBytes(clamp(hash.subarray(0, 32)), hash.subarray(32)) as ExpandedSecretKey;
};

/** The public key of an expanded secret key. 0.2 ms. */
export const publicKeyOf = (secret: SecretKey): Ed25519PublicKey => {
  assertLength(secret, 64, 'expanded secret key');
  return basePoint()
    .multiply(reducedScalar(secret.subarray(0, 32)))
    .toBytes() as Ed25519PublicKey;
};

/**
 * Signs with an expanded key (RFC 8032 §5.1.6 from step 2 on), 64 bytes. The nonce comes from the key's own
 * 32-byte prefix: a constant prefix would let anybody compute the key from one signature. 0.3 ms.
 */
export const signExpanded = (message: Uint8Array, secret: SecretKey, publicKey: Uint8Array): Uint8Array => {
  assertLength(secret, 64, 'expanded secret key');
  assertLength(publicKey, 32, 'public key');
  const nonce = reducedScalar(sha512(secret.subarray(32), message));
  const commitment = basePoint().multiply(nonce).toBytes();
  const challenge = reducedScalar(sha512(commitment, publicKey, message));
  const response = (nonce + challenge * reducedScalar(secret.subarray(0, 32))) % L;
  return concatBytes(commitment, scalarToBytes(response));
};
