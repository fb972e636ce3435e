import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster/cluster.js';
import type { LoadSample } from './stock-client-load.js';

/** How many introduction points each node had in the published descriptors, from a moment on (Unix ms). */
export interface Contributions {
  readonly atMs: number;
  readonly points: Readonly<Record<string, number>>;
}

const EVERY_MS = 1_000;

/**
 * Writes down who has how many introduction points, second by second, until told to stop. Where two nodes have a point on
 * one relay, a descriptor can carry only one of them (a client would never use the other), so that one node has fewer.
 */
export const recordContributions = (
  cluster: Cluster,
): { readonly stop: () => Promise<readonly Contributions[]> } => {
  const records: Contributions[] = [];
  const ended = new AbortController();
  const pause = (): Promise<unknown> =>
    delay(EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  const record = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const statuses = await Promise.all(cluster.nodes.map((node) => node.status().catch(() => null)));
      const publisher = statuses.find((status) => status?.node.role === 'publisher');
      const points: Record<string, number> = {};
      for (const { nodes } of publisher?.descriptors ?? [])
        for (const { id, intro_points: count } of nodes) points[id] = (points[id] ?? 0) + count;
      if (Object.keys(points).length > 0) records.push({ atMs: Date.now(), points });
      await pause();
    }
  };
  const recording = record();
  return {
    stop: async () => {
      ended.abort();
      await recording;
      return records;
    },
  };
};

/** Which share of the answered visits each node's introduction points would draw: all have the same chance. */
export const expectedShares = (
  samples: readonly LoadSample[],
  records: readonly Contributions[],
): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {};
  let visits = 0;
  for (const { ok, startMs } of samples) {
    const record = records.findLast(({ atMs }) => atMs <= startMs) ?? records[0];
    if (!ok || record === undefined) continue;
    visits++;
    const total = Object.values(record.points).reduce((sum, count) => sum + count, 0);
    for (const [node, count] of Object.entries(record.points)) sums[node] = (sums[node] ?? 0) + count / total;
  }
  return Object.fromEntries(Object.entries(sums).map(([node, sum]) => [node, sum / visits]));
};
