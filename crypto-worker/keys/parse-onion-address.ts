import type { IdentityPublicKey } from '../brands.js';
import { parsePrimeOrderPoint } from '../ed25519/point.js';
import { type Result, ok } from '../result.js';
import { decodeOnionAddress } from './onion-address.js';

// Apart from onion-address.ts, since curve arithmetic costs a thread that only reads addresses 8 MiB.

/** decodeOnionAddress, and the key is proven a point of the prime-order group (rend-spec-v3 §2.2.7). 1.1 ms. */
export const parseOnionAddress = (address: string): Result<IdentityPublicKey> => {
  const decoded = decodeOnionAddress(address);
  if (!decoded.ok) return decoded;
  const point = parsePrimeOrderPoint(decoded.value);
  return point.ok ? ok(decoded.value as IdentityPublicKey) : point;
};
