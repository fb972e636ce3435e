import type { Clock } from '../kernel/clock.js';
import { NOT_PROBING, probeDueAtMs } from './probe-schedule.js';
import type { ProbeTarget, ProbeWay } from './target-probe.js';
import { NEVER_PROBED, recordProbe } from './target-record.js';
import type { ProbeResult, TargetRecord } from './target-record.js';

/** What lies between us and the target is not up: try again soon, without a verdict about the target. */
const BLOCKED_RETRY_MS = 2000;

export interface WatchSettings {
  readonly intervalMs: number;
  /** Failures in a row that make a target unhealthy. */
  readonly threshold: number;
}

/** Probes one target when that is due, and remembers what came of it. */
export class TargetWatch {
  readonly #clock: Clock;
  readonly #probe: ProbeTarget;
  readonly #settings: WatchSettings;
  readonly #changed: () => void;
  #record = NEVER_PROBED;
  #schedule = NOT_PROBING;
  #blockedUntilMs = 0;

  /** @param changed a probe has ended */
  constructor(clock: Clock, probe: ProbeTarget, settings: WatchSettings, changed: () => void) {
    this.#clock = clock;
    this.#probe = probe;
    this.#settings = settings;
    this.#changed = changed;
  }

  get record(): TargetRecord {
    return this.#record;
  }

  get isProbing(): boolean {
    return this.#schedule.inFlight;
  }

  /** Somebody saw it fail. */
  suspect(): void {
    this.#schedule = { ...this.#schedule, suspected: true };
  }

  /** What was in the way may be gone. */
  unblock(): void {
    this.#blockedUntilMs = 0;
  }

  /** Starts a probe if one is due. @returns when the next is; null while one is under way */
  step(nowMs: number, way: ProbeWay): number | null {
    const dueAtMs = probeDueAtMs(this.#schedule, this.#record.failures, this.#settings.intervalMs, nowMs);
    const startAtMs = dueAtMs === null ? null : Math.max(dueAtMs, this.#blockedUntilMs);
    if (startAtMs === null || nowMs < startAtMs) return startAtMs;
    this.#schedule = { inFlight: true, startedAtMs: nowMs, suspected: false };
    void this.#probe(way).then((result) => {
      this.#ended(result);
    });
    return null;
  }

  #ended(result: ProbeResult | null): void {
    this.#schedule = { ...this.#schedule, inFlight: false };
    if (result === null) {
      this.#schedule = { ...this.#schedule, startedAtMs: null };
      this.#blockedUntilMs = this.#clock.monotonicMs() + BLOCKED_RETRY_MS;
    } else {
      this.#record = recordProbe(this.#record, result, this.#settings.threshold, this.#clock.wallMs());
    }
    this.#changed();
  }
}
