import { ed25519 } from '@noble/curves/ed25519.js';
import { FpInvertBatch } from '@noble/curves/abstract/modular.js';
import type { Curve25519PublicKey, Ed25519PublicKey } from '../brands.js';
import { scalarFromBytes, scalarToBytes } from '../ed25519/scalar.js';

/**
 * Curve25519 public keys as the Ed25519 keys that a type-11 certificate names: y = (u − 1) / (u + 1) with sign
 * bit 0 (prop228 appendix A; C Tor passes 0). All keys share one field inversion. As in C Tor, u = −1 gives 0
 * and the top bit of u is ignored.
 */
export const curve25519AsEd25519 = (keys: readonly Curve25519PublicKey[]): Ed25519PublicKey[] => {
  const { Fp } = ed25519.Point;
  const us = keys.map((key) => Fp.create(scalarFromBytes(key) & ((1n << 255n) - 1n)));
  const inverses = FpInvertBatch(
    Fp,
    us.map((u) => Fp.add(u, Fp.ONE)),
    true,
  );
  return us.map(
    (u, at) => scalarToBytes(Fp.mul(Fp.sub(u, Fp.ONE), inverses[at] ?? Fp.ZERO)) as Ed25519PublicKey,
  );
};
