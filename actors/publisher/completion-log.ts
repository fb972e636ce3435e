import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { Slot } from './slot.js';

/** A change that came to be on every responsible HSDir. */
export interface Completion {
  readonly which: Slot['which'];
  readonly timePeriod: TimePeriodNumber;
  readonly version: number;
  /** Wall clock (ms) of the last acceptance. */
  readonly atMs: number;
  /** From the event of the Tor that the change comes from to that acceptance. */
  readonly latencyMs: number;
}

/** Enough for an operator to see whether publishing has become slow: some hours of an ordinary day. */
const KEPT = 32;

/**
 * How long changes took to be published. Each counts once: HSDirs that become responsible later, or that lost the
 * descriptor, get the same version again, and that is no latency of the change.
 */
export class CompletionLog {
  #entries: readonly Completion[] = [];

  /** The newest, oldest first. */
  get entries(): readonly Completion[] {
    return this.#entries;
  }

  /** Takes a slot whose version is on every responsible HSDir now; `wallMs`: of the last acceptance. */
  note({ which, timePeriod, version }: Slot, wallMs: number): void {
    if (version === null || version.cause.kind === 'repetition') return;
    if (this.#entries.some((one) => one.version === version.id && one.timePeriod === timePeriod)) return;
    const latencyMs = Math.max(0, wallMs - version.cause.atMs);
    const completion = { which, timePeriod, version: version.id, atMs: wallMs, latencyMs };
    this.#entries = [...this.#entries, completion].slice(-KEPT);
  }
}
