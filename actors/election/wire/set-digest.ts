import { createHash } from 'node:crypto';
import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { NodeId } from '../../kernel/brands.js';
import type { Fingerprint } from '../records/record.js';
import { TAG_BYTES } from './limits.js';
import type { SetDigest } from './message-types.js';
import { encodePoint } from './point-codec.js';

/** Introduction points and the protocol lines that go with them. */
export interface PointSet {
  readonly points: readonly IntroductionPoint[];
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
}

const digestOf = (parts: readonly (string | Uint8Array)[]): SetDigest => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest().subarray(0, TAG_BYTES)) as SetDigest;
};

/** Names a set of introduction points, in the given order. */
export const setDigest = (set: PointSet): SetDigest =>
  digestOf([
    `points ${set.points.length};create2 ${set.create2Formats.join(' ')};flow ${set.flowControl ?? '-'};`,
    ...set.points.map(encodePoint),
  ]);

/**
 * Names who belongs to a cluster: members without a record, and all records. Nodes whose digests differ were configured
 * differently, or hold other records.
 */
export const rosterDigest = (
  members: readonly { readonly id: NodeId; readonly publicKey: Ed25519PublicKey }[],
  records: readonly Fingerprint[],
): SetDigest =>
  digestOf([
    ...[...members]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap(({ id, publicKey }) => [`${id} `, publicKey]),
    ...records.map((fingerprint) => `;${fingerprint}`),
  ]);

export const sameDigest = (a: SetDigest | null, b: SetDigest | null): boolean =>
  a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
