/** What became of one probe; `reason` is for people and holds nothing of anybody's traffic. */
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What the probes of the target have shown. */
export interface TargetRecord {
  readonly healthy: boolean;
  /** Wall clock of the last probe's end; null before the first. */
  readonly checkedAtMs: number | null;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastReason: string | null;
}

/** Before the first probe nothing is claimed: unhealthy, but not a finding either. */
export const NEVER_PROBED: TargetRecord = {
  healthy: false,
  checkedAtMs: null,
  failures: 0,
  lastReason: null,
};

/** The record after one more probe. One success mends, `threshold` failures in a row break. */
export const recordProbe = (
  record: TargetRecord,
  result: ProbeResult,
  threshold: number,
  wallMs: number,
): TargetRecord => {
  if (result.ok) return { healthy: true, checkedAtMs: wallMs, failures: 0, lastReason: null };
  const failures = record.failures + 1;
  return {
    healthy: record.healthy && failures < threshold,
    checkedAtMs: wallMs,
    failures,
    lastReason: result.reason,
  };
};

/** What others are told of one target. */
export interface TargetHealth {
  /** unknown: not probed yet, or it has failed from the start but not often enough. */
  readonly state: 'unknown' | 'well' | 'down';
  /** Failures in a row. */
  readonly failures: number;
  readonly checkedAtMs: number | null;
  readonly reason: string | null;
}

export const targetHealth = (record: TargetRecord, threshold: number): TargetHealth => ({
  state: record.failures >= threshold ? 'down' : record.healthy ? 'well' : 'unknown',
  failures: record.failures,
  checkedAtMs: record.checkedAtMs,
  reason: record.lastReason,
});

/** The targets as one: it is as well as the best of them. */
export const bestOf = (
  records: readonly TargetRecord[],
): Pick<TargetRecord, 'healthy' | 'checkedAtMs' | 'failures'> => ({
  healthy: records.some(({ healthy }) => healthy),
  checkedAtMs: records.reduce<number | null>(
    (latest, { checkedAtMs }) => (checkedAtMs === null ? latest : Math.max(latest ?? 0, checkedAtMs)),
    null,
  ),
  failures: Math.min(...records.map(({ failures }) => failures)),
});
