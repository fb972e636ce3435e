import type { ErrorData } from '../kernel/errors.js';
import { fact, request } from '../kernel/message-declaration.js';
import type { CanaryRecord } from './canary/canary-record.js';
import type { TargetHealth } from './target-record.js';

export interface Finding {
  readonly error: ErrorData;
  readonly sinceMs: number;
  /** Somebody must act now. */
  readonly critical: boolean;
}

export interface HealthStatus {
  /** All targets as one: as well as the best of them. */
  readonly target: {
    readonly healthy: boolean;
    readonly checkedAtMs: number | null;
    readonly failures: number;
  };
  /** Each target, in the order of the configuration. */
  readonly targets: readonly TargetHealth[];
  /** Our own visits to the master address; null where none are made. */
  readonly canary: CanaryRecord | null;
  /** False while nothing may be signed: the clock disagrees grossly with the consensus, or with most peers. */
  readonly clockSane: boolean;
  /**
   * False while this node had better not publish, since its clock is wrong or its memory runs out: it ranks behind all that
   * can. Where nobody else can, it publishes all the same, as far as `clockSane` lets it.
   */
  readonly fit: boolean;
  /** Since the daemon's start a time service was seen to keep the clock, or nobody could say. */
  readonly timeVouched: boolean;
  readonly findings: readonly Finding[];
}

/** What broke, what was done about it and how long it took; times are wall clock, ms. */
export interface HistoryView {
  readonly error: ErrorData;
  readonly startedAtMs: number;
  /** When it was well again; null while it is not. */
  readonly endedAtMs: number | null;
  /** How often it came within this entry. */
  readonly times: number;
  readonly done: readonly { readonly atMs: number; readonly what: string }[];
}

export const healthMessages = {
  /** The oldest first; `sinceMs`: only what was still so then. */
  'health.history': request<
    { readonly sinceMs: number | null },
    { readonly entries: readonly HistoryView[] }
  >(),
  'health.status': fact<HealthStatus>(),
} as const;
