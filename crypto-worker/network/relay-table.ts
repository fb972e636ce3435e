/** Reading a packed RelayTable (task-types.ts). */
import type { RelayEd25519Id, RelayFingerprint } from '../brands.js';
import { fromHex, isAllZero, upperHex } from '../encoding/bytes.js';
import type { RelayTable } from '../task-types.js';

export const FINGERPRINT_LENGTH = 20;
export const ED25519_ID_LENGTH = 32;

/** Bits of RelayTable.flags. */
export const RELAY_FLAGS = {
  /** Listed with the Running flag. */
  running: 1,
  /** Listed with the Valid flag. */
  valid: 2,
  /** HSDir flag and protocol HSDir=2: a member of the ring, if its Ed25519 identity is known. */
  hsDir: 4,
  /** The microdescriptor that the consensus names was at hand. */
  hasMicrodescriptor: 8,
} as const;

export interface RelayRow {
  readonly fingerprint: RelayFingerprint;
  readonly ed25519Id: RelayEd25519Id | null;
  readonly running: boolean;
  readonly valid: boolean;
  readonly hsDir: boolean;
}

const fingerprintBytes = (table: RelayTable, row: number): Uint8Array =>
  table.fingerprints.subarray(row * FINGERPRINT_LENGTH, (row + 1) * FINGERPRINT_LENGTH);

export const fingerprintAt = (table: RelayTable, row: number): RelayFingerprint =>
  upperHex(fingerprintBytes(table, row)) as RelayFingerprint;

/** A view into the table, or null where the identity is unknown. */
export const ed25519IdAt = (table: RelayTable, row: number): RelayEd25519Id | null => {
  const id = table.ed25519Ids.subarray(row * ED25519_ID_LENGTH, (row + 1) * ED25519_ID_LENGTH);
  return isAllZero(id) ? null : (id as RelayEd25519Id);
};

export const hasFlag = (table: RelayTable, row: number, flag: number): boolean =>
  ((table.flags[row] ?? 0) & flag) !== 0;

/** The row of a relay by binary search, or null when the consensus does not list it. */
export const rowOf = (table: RelayTable, fingerprint: RelayFingerprint): number | null => {
  const wanted = fromHex(fingerprint);
  if (wanted?.length !== FINGERPRINT_LENGTH) return null;
  let low = 0;
  let high = table.count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = Buffer.compare(fingerprintBytes(table, middle), wanted);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return null;
};

/** Everything known of a relay, or null when the consensus does not list it. */
export const relayByFingerprint = (table: RelayTable, fingerprint: RelayFingerprint): RelayRow | null => {
  const row = rowOf(table, fingerprint);
  if (row === null) return null;
  const id = ed25519IdAt(table, row);
  return {
    fingerprint: fingerprintAt(table, row),
    ed25519Id: id === null ? null : (Uint8Array.from(id) as RelayEd25519Id),
    running: hasFlag(table, row, RELAY_FLAGS.running),
    valid: hasFlag(table, row, RELAY_FLAGS.valid),
    hsDir: hasFlag(table, row, RELAY_FLAGS.hsDir),
  };
};
