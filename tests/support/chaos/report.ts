import { summary, percentile } from '../stock-client-summary.js';
import type { LoadSample } from '../stock-client-load.js';
import type { ChaosOutcome, MendedFault } from './run.js';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** Of the visits that were due, the share that was answered at all, however late. */
export const answeredShare = (visits: readonly LoadSample[]): number =>
  visits.filter(({ ok }) => ok).length / visits.length;

/** The longest time in which nobody who came was answered, ms. */
export const longestGapMs = (visits: readonly LoadSample[]): number => {
  const dues = visits.filter(({ ok }) => ok).map(({ dueMs }) => dueMs);
  const gaps = dues.slice(1).map((dueMs, i) => dueMs - (dues[i] ?? dueMs));
  return Math.max(0, ...gaps);
};

const kindLines = (faults: readonly MendedFault[]): string[] =>
  [...new Set(faults.map(({ kind }) => kind))].sort().map((kind) => {
    const all = faults.filter((fault) => fault.kind === kind);
    const times = all.flatMap(({ mendedMs }) => (mendedMs === null ? [] : [mendedMs])).sort((a, b) => a - b);
    const unmended = all.length - times.length;
    return [
      kind,
      String(all.length),
      seconds(percentile(times, 0.5)),
      seconds(percentile(times, 0.95)),
      unmended === 0 ? '' : `${String(unmended)} not mended`,
    ].join(' | ');
  });

/** What goes into docs/figures.md. */
export const chaosReport = (outcome: ChaosOutcome, durationMs: number): string => {
  const { visits, faults, actorsKilled } = outcome;
  const { n, successRatio, p50, p95, max, share, errors, maxLateMs } = summary(visits);
  return [
    `${String(durationMs / 1000)} s: ${String(faults.length)} faults of whole nodes, ${String(actorsKilled)} actors killed`,
    `${String(n)} visits: ${(answeredShare(visits) * 100).toFixed(2)} % answered, ${(successRatio * 100).toFixed(2)} % within 10 s`,
    `median ${seconds(p50)}, p95 ${seconds(p95)}, max ${seconds(max)}; longest time without an answer ${seconds(longestGapMs(visits))}; longest wait for a free visitor ${seconds(maxLateMs)}`,
    `by node: ${JSON.stringify(share)}; failures: ${JSON.stringify(errors)}`,
    'fault | times | whole again, median | p95 |',
    ...kindLines(faults),
  ].join('\n');
};
