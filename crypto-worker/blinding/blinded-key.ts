import type { BlindedPublicKey, BlindedSecretKey, ExpandedSecretKey, IdentityPublicKey } from '../brands.js';
import { publicKeyOf } from '../ed25519/expanded-key.js';
import { pointFromBytes } from '../ed25519/point.js';
import { L, reducedScalar, scalarToBytes } from '../ed25519/scalar.js';
import { assertLength, concatBytes, utf8 } from '../encoding/bytes.js';
import { sha512 } from '../hash.js';
import { type Period, blindingFactor } from './blinding-factor.js';

const PREFIX_STRING = utf8('Derive temporary signing key hash input');

/** A secret key with its public half, blinded for one period. */
export interface BlindedKeypair {
  readonly secret: BlindedSecretKey;
  readonly publicKey: BlindedPublicKey;
}

/**
 * A' = hA (rend-spec-v3 §A.2). The identity must have been parsed before (keys/onion-address.ts): on a point
 * of the prime-order group h may be reduced mod L. 1.2 ms; with the secret key blindKeypair is faster.
 */
export const blindPublicKey = (identity: IdentityPublicKey, period: Period): BlindedPublicKey =>
  blindWith(identity, blindingFactor(identity, period));

/** blindPublicKey with a given clamped factor, for the vectors of C Tor. */
export const blindWith = (identity: Uint8Array, factor: Uint8Array): BlindedPublicKey =>
  pointFromBytes(identity).multiplyUnsafe(reducedScalar(factor)).toBytes() as BlindedPublicKey;

/**
 * a' = ha mod L and RH' = SHA-512(string | RH)[:32] (rend-spec-v3 §A.2), 64 bytes. The new nonce prefix comes
 * from the key's own prefix: without it every blinded signature's nonce would be computable from public data,
 * and one descriptor would give the master key away.
 */
export const blindSecretWith = (secret: ExpandedSecretKey, factor: Uint8Array): BlindedSecretKey => {
  assertLength(secret, 64, 'expanded secret key');
  const scalar = (reducedScalar(factor) * reducedScalar(secret.subarray(0, 32))) % L;
  const prefix = sha512(PREFIX_STRING, secret.subarray(32)).subarray(0, 32);
  return concatBytes(scalarToBytes(scalar), prefix) as BlindedSecretKey;
};

export const blindSecretKey = (
  secret: ExpandedSecretKey,
  identity: IdentityPublicKey,
  period: Period,
): BlindedSecretKey => blindSecretWith(secret, blindingFactor(identity, period));

/** Both halves; the public one by the base point's table, 0.3 ms in all. */
export const blindKeypair = (
  secret: ExpandedSecretKey,
  identity: IdentityPublicKey,
  period: Period,
): BlindedKeypair => {
  const blinded = blindSecretKey(secret, identity, period);
  const publicKey: Uint8Array = publicKeyOf(blinded);
  return { secret: blinded, publicKey: publicKey as BlindedPublicKey };
};
