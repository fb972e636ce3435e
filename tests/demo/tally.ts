import { quantile } from '../bench/statistics.js';
import type { FetchResult } from '../support/stock-client-http.js';

/** "14 of 15 answered, median 0.3 s, slowest 1.2 s". */
export const tally = (results: readonly FetchResult[]): string => {
  const good = results.filter(({ ok }) => ok);
  const seconds = good.map(({ ms }) => ms / 1000);
  const times =
    good.length === 0
      ? ''
      : `, median ${quantile(seconds, 0.5).toFixed(2)} s, slowest ${quantile(seconds, 1).toFixed(2)} s`;
  return `${String(good.length)} of ${String(results.length)} answered${times}`;
};

/** "alpha 5, beta 6, gamma 4". */
export const shares = (results: readonly FetchResult[]): string => {
  const counts = new Map<string, number>();
  for (const { node } of results) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
  return [...counts]
    .sort()
    .map(([node, count]) => `${node} ${String(count)}`)
    .join(', ');
};
