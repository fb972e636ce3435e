import type { LoadSample } from './stock-client-load.js';

/** The figures of a load. Milliseconds; ratios from 0 to 1. */
export interface LoadSummary {
  /** Visits that were due, those included for which no client was free. */
  readonly n: number;
  /** Visits answered within the limit, counted from when they were due. */
  readonly withinLimit: number;
  readonly successRatio: number;
  /** Of the visits that were answered at all, from when they were due: what was not answered lowers successRatio. */
  readonly p50: number;
  readonly p95: number;
  /** What the true p95 lies below with a confidence of 95 %: five visits in a hundred are few, and so p95 moves much. */
  readonly p95AtMost: number;
  readonly p99: number;
  readonly max: number;
  /** Of the answered visits, how many each node answered. */
  readonly share: Readonly<Record<string, number>>;
  /** Failures by what went wrong. */
  readonly errors: Readonly<Record<string, number>>;
  /** The longest that a visit waited for a free client, be it in vain. */
  readonly maxLateMs: number;
}

const DEFAULT_LIMIT_MS = 10_000;

/** Nearest-rank percentile; NaN of nothing. */
export const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;

const countBy = (keys: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
};

/** Sums a load up. @param limitMs what counts as a success (10 s unless told) */
export const summary = (samples: readonly LoadSample[], limitMs: number = DEFAULT_LIMIT_MS): LoadSummary => {
  const answered = samples.filter((sample) => sample.ok);
  const times = answered.map((sample) => sample.ms).sort((one, other) => one - other);
  const within = times.filter((ms) => ms <= limitMs).length;
  const counts = countBy(answered.map((sample) => sample.node ?? 'unnamed'));
  const share = Object.entries(counts).map(([node, count]) => [node, count / answered.length] as const);
  const failed = samples.filter((sample) => !sample.ok);
  return {
    n: samples.length,
    withinLimit: within,
    successRatio: samples.length === 0 ? Number.NaN : within / samples.length,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    p95AtMost: percentile(times, 0.95 + 1.645 * Math.sqrt((0.95 * 0.05) / Math.max(1, times.length))),
    p99: percentile(times, 0.99),
    max: times.at(-1) ?? Number.NaN,
    share: Object.fromEntries(share),
    errors: countBy(failed.map(({ error, status }) => error?.message ?? `status ${String(status)}`)),
    maxLateMs: Math.max(0, ...samples.map((sample) => sample.startMs - sample.dueMs)),
  };
};
