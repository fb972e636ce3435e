/** Where the way from a client to the target broke, in its order. */
export type CanaryStep =
  'socks' | 'descriptor' | 'introduction' | 'rendezvous' | 'unknown' | 'proxy' | 'target';

/** What became of one attempt; `reason` is for people and holds nothing of anybody's traffic. */
export type CanaryResult =
  | { readonly ok: true; readonly node: string | null; readonly tookMs: number }
  | { readonly ok: false; readonly step: CanaryStep; readonly reason: string; readonly node: string | null };

/** What the attempts have shown. */
export interface CanaryRecord {
  /** Failures in a row. */
  readonly failures: number;
  /** Wall clock of the last attempt's end; null before the first. */
  readonly checkedAtMs: number | null;
  readonly last: CanaryResult | null;
}

export const NO_CANARY: CanaryRecord = { failures: 0, checkedAtMs: null, last: null };

export const recordCanary = (record: CanaryRecord, result: CanaryResult, wallMs: number): CanaryRecord => ({
  failures: result.ok ? 0 : record.failures + 1,
  checkedAtMs: wallMs,
  last: result,
});
