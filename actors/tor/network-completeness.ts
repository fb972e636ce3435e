import {
  ED25519_ID_LENGTH,
  FINGERPRINT_LENGTH,
  RELAY_FLAGS,
  hasFlag,
} from '@rustbalance/crypto-worker/network/relay-table.js';
import type { NetworkView, RelayTable } from '@rustbalance/crypto-worker/task-types.js';

const rowBytes = (bytes: Uint8Array, row: number, length: number): Uint8Array =>
  bytes.subarray(row * length, (row + 1) * length);

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/**
 * Fills in Ed25519 identities that `view` lacks from an earlier view. A new consensus names microdescriptors that Tor
 * has yet to fetch; the identity in them is bound to the relay's fingerprint for good (the authorities pin the pair),
 * so the ring is complete at once instead of minutes later. One merge over two sorted tables: 8000 relays in 2 ms.
 */
export const carryOverIdentities = (view: NetworkView, earlier: NetworkView | null): NetworkView => {
  if (earlier === null || view.completeness.hsDirsWithoutMicrodescriptor === 0) return view;
  const table = view.relays;
  const known = earlier.relays;
  const ed25519Ids = Uint8Array.from(table.ed25519Ids);
  let missing = 0;
  let at = 0;
  for (let row = 0; row < table.count; row++) {
    const identity = rowBytes(ed25519Ids, row, ED25519_ID_LENGTH);
    if (!isZero(identity)) continue;
    const fingerprint = rowBytes(table.fingerprints, row, FINGERPRINT_LENGTH);
    while (
      at < known.count &&
      Buffer.compare(rowBytes(known.fingerprints, at, FINGERPRINT_LENGTH), fingerprint) < 0
    )
      at++;
    const found = at < known.count && isSameRelay(known, at, fingerprint);
    if (found) identity.set(rowBytes(known.ed25519Ids, at, ED25519_ID_LENGTH));
    const unknown = isZero(identity) && !hasFlag(table, row, RELAY_FLAGS.hasMicrodescriptor);
    if (unknown && hasFlag(table, row, RELAY_FLAGS.hsDir)) missing++;
  }
  return {
    ...view,
    relays: { ...table, ed25519Ids },
    completeness: { ...view.completeness, hsDirsWithoutMicrodescriptor: missing },
  };
};

const isSameRelay = (table: RelayTable, row: number, fingerprint: Uint8Array): boolean =>
  Buffer.compare(rowBytes(table.fingerprints, row, FINGERPRINT_LENGTH), fingerprint) === 0;

/**
 * How long every last HSDir is insisted on, and what may be missing afterwards. Tor's retries of a microdescriptor
 * that its caches do not have take hours; one HSDir of a hundred missing puts one upload of a hundred one place
 * beside the ring, which clients do not notice, where not publishing is an outage.
 */
const STRICT_FOR_MS = 10 * 60_000;
const TOLERATED_SHARE = 0.01;

/** May a ring be computed from this view? @param waitedMs how long it has been incomplete */
export const isUsable = (view: NetworkView, waitedMs: number): boolean => {
  const { hsDirs, hsDirsWithoutMicrodescriptor: missing } = view.completeness;
  if (hsDirs === 0) return false;
  return missing === 0 || (waitedMs >= STRICT_FOR_MS && missing <= hsDirs * TOLERATED_SHARE);
};
