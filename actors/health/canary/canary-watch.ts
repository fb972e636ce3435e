import type { Clock } from '../../kernel/clock.js';
import { NO_CANARY, recordCanary } from './canary-record.js';
import type { CanaryRecord, CanaryResult } from './canary-record.js';

/** Goes the whole way once. Never rejects. */
export type TryCanary = (socks: string) => Promise<CanaryResult>;

/** Makes an attempt when one is due, one at a time. */
export class CanaryWatch {
  readonly #clock: Clock;
  readonly #attempt: TryCanary;
  readonly #intervalMs: number;
  readonly #changed: (record: CanaryRecord) => void;
  #record = NO_CANARY;
  #underWay = false;
  #dueAtMs: number | null = null;

  constructor(clock: Clock, attempt: TryCanary, intervalMs: number, changed: (record: CanaryRecord) => void) {
    this.#clock = clock;
    this.#attempt = attempt;
    this.#intervalMs = intervalMs;
    this.#changed = changed;
  }

  /** What was seen before does not count any more, and the next visit is an interval away: this node was out of service. */
  beginAnew(): void {
    this.#dueAtMs = null;
    if (this.#record === NO_CANARY) return;
    this.#record = NO_CANARY;
    this.#changed(this.#record);
  }

  /**
   * @param socks where a Tor that is up takes streams; null: none is, which is a finding of its own
   * @returns when the next attempt is due; null while one is under way or none can be made
   */
  step(nowMs: number, socks: string | null): number | null {
    if (this.#underWay || socks === null) return null;
    // A node that has just started is not in the descriptor yet.
    this.#dueAtMs ??= nowMs + this.#intervalMs;
    if (nowMs < this.#dueAtMs) return this.#dueAtMs;
    this.#underWay = true;
    this.#dueAtMs = nowMs + this.#intervalMs;
    void this.#attempt(socks).then((result) => {
      this.#underWay = false;
      this.#record = recordCanary(this.#record, result, this.#clock.wallMs());
      this.#changed(this.#record);
    });
    return null;
  }
}
