import { ed25519 } from '@noble/curves/ed25519.js';
import { type Result, failure, ok } from '../result.js';

export type Point = InstanceType<typeof ed25519.Point>;

/** The base point; noble keeps a table of its multiples. */
export const basePoint = (): Point => ed25519.Point.BASE;

export const pointFromBytes = (bytes: Uint8Array): Point => ed25519.Point.fromBytes(bytes);

/**
 * A public key from outside as a point of the prime-order group. Refuses encodings that are not canonical,
 * points of small order and points with a torsion component: each would give one key several addresses
 * (rend-spec-v3 §2.2.7). 1.1 ms.
 */
export const parsePrimeOrderPoint = (bytes: Uint8Array): Result<Point> => {
  if (bytes.length !== 32) return failure('key.bad-point', `a public key has 32 bytes, not ${bytes.length}`);
  let point: Point;
  try {
    point = ed25519.Point.fromBytes(bytes);
  } catch {
    return failure('key.bad-point', 'the public key is not a point of the curve');
  }
  if (point.isSmallOrder()) return failure('key.low-order-point', 'the public key has a small order');
  if (!point.isTorsionFree()) return failure('key.low-order-point', 'the public key has a torsion component');
  return ok(point);
};
