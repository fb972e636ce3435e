import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { earlier } from '../kernel/level-trigger.js';
import { isHolding } from './slot.js';
import type { Slot, Version } from './slot.js';

export interface DueUpload {
  readonly slot: Slot;
  readonly version: Version;
  readonly hsdirs: readonly RelayFingerprint[];
}

export interface DueUploads {
  readonly uploads: readonly DueUpload[];
  /** Monotonic ms at which something more is due; null when only an event can change that. */
  readonly wakeAtMs: number | null;
}

/** What is read of the board (slot-board.ts). */
export interface BoardView {
  readonly slots: readonly Slot[];
  readonly clientsUse: Slot['which'];
  readonly orphaned: ReadonlyMap<RelayFingerprint, number>;
}

/**
 * Which HSDirs are to be sent which descriptor now. Never two uploads in flight to one HSDir, since Tor's answer
 * does not say which descriptor it speaks of; the descriptor that clients use goes first.
 */
export const uploadsDue = ({ slots, clientsUse, orphaned }: BoardView, nowMs: number): DueUploads => {
  const ordered = [...slots].sort((a, b) => Number(b.which === clientsUse) - Number(a.which === clientsUse));
  const inFlight = slots.flatMap(({ rows }) => rows.filter((row) => row.inFlight !== null));
  const busy = new Set([...orphaned.keys(), ...inFlight.map((row) => row.fingerprint)]);
  const uploads: DueUpload[] = [];
  let wakeAtMs: number | null = null;
  for (const untilMs of orphaned.values()) wakeAtMs = earlier(wakeAtMs, untilMs);
  for (const slot of ordered) {
    const { version } = slot;
    const hsdirs: RelayFingerprint[] = [];
    for (const row of slot.rows) {
      if (row.inFlight !== null) wakeAtMs = earlier(wakeAtMs, row.inFlight.untilMs);
      if (version === null || isHolding(row, version) || busy.has(row.fingerprint)) continue;
      if (row.notBeforeMs > nowMs) {
        wakeAtMs = earlier(wakeAtMs, row.notBeforeMs);
        continue;
      }
      hsdirs.push(row.fingerprint);
      busy.add(row.fingerprint);
    }
    if (version !== null && hsdirs.length > 0) uploads.push({ slot, version, hsdirs });
  }
  return { uploads, wakeAtMs };
};
