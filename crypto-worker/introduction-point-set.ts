/** Introduction points compared by content: what stands in a descriptor, so without `expires`. */
import { bytesKey, compareBytes, concatBytes, uint64 } from './encoding/bytes.js';
import { sha3 } from './hash.js';
import type { IntroductionPoint } from './introduction-point.js';

/** SHA3-256 over everything of a point that clients see. */
export const introductionPointDigest = (point: IntroductionPoint): Uint8Array =>
  sha3(
    point.authKey,
    point.encKey,
    point.onionKey,
    uint64(point.linkSpecifiers.length),
    ...point.linkSpecifiers.flatMap(({ type, data }) => [Uint8Array.of(type, data.length), data]),
  );

/** SHA3-256 over a set of points, whatever their order. Equal digests: nothing to publish. */
export const introductionPointSetDigest = (points: readonly IntroductionPoint[]): Uint8Array =>
  sha3(concatBytes(...points.map(introductionPointDigest).sort(compareBytes)));

/** The auth key as a key of maps: it names an introduction point everywhere. */
export const introductionPointName = (point: IntroductionPoint): string => bytesKey(point.authKey);
