import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterWithTargets } from '../cluster/cluster.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import { publishedNodes } from '../cluster/status.js';
import type { StatusJson } from '../cluster/status.js';
import { eventually } from '../eventually.js';
import { loadClient } from '../stock-client-load.js';
import type { LoadSample } from '../stock-client-load.js';
import type { StockClient } from '../stock-client.js';
import { inject } from './inject.js';
import type { PlannedFault } from './schedule.js';

export interface ChaosRun {
  readonly cluster: ClusterWithTargets;
  /** One for each cold visit that may be under way. */
  readonly visitors: readonly StockClient[];
  readonly schedule: readonly PlannedFault[];
  readonly durationMs: number;
  readonly tell: (line: string) => void;
}

export interface ChaosOutcome {
  /** Cold visits, one a second, from the beginning until the cluster was whole again. */
  readonly visits: readonly LoadSample[];
  /** Faults that could not be done, because what they hurt was down already. */
  readonly missed: number;
  /** Of one descriptor, a counter that is below one seen before. */
  readonly counterFalls: readonly string[];
  /** From the last fault until all nodes are published by one publisher, ms. */
  readonly wholeAfterMs: number;
}

const VISIT_EVERY_MS = 1000;
/** Beyond the 10 s within which a visit counts as answered, it only holds a visitor. */
const VISIT_PATIENCE_MS = 15_000;
const WHOLE_WITHIN_MS = 180_000;

const sleepUntil = (atMs: number, began: number): Promise<void> =>
  delay(Math.max(0, began + atMs - performance.now()));

const statusOf = (node: DaemonNode): Promise<StatusJson | null> => node.status().catch(() => null);

/** The revision counters that a publisher has got accepted must never fall, whoever publishes: clients would keep the older. */
class CounterWatch {
  readonly falls: string[] = [];
  readonly #highest = new Map<number, bigint>();

  see({ node, descriptors }: StatusJson): void {
    if (node.role !== 'publisher') return;
    for (const { time_period: period, revision_counter: text, hsdirs } of descriptors) {
      if (text === null || !hsdirs.some(({ status }) => status === 'accepted')) continue;
      const counter = BigInt(text);
      const before = this.#highest.get(period) ?? 0n;
      if (counter < before) this.falls.push(`${node.id}, ${String(period)}: ${text} after ${String(before)}`);
      else this.#highest.set(period, counter);
    }
  }
}

const isWhole = async ({ nodes }: ClusterWithTargets): Promise<boolean> => {
  const all = await Promise.all(nodes.map(statusOf));
  const wanted = nodes
    .map(({ id }) => id)
    .sort()
    .join(',');
  const publishers = all.filter((status) => status?.node.role === 'publisher');
  return (
    all.every((status) => status?.ready === true) &&
    publishers.length === 1 &&
    publishers.every((status) => status !== null && publishedNodes(status) === wanted)
  );
};

/** Hurts a cluster as planned while visitors come, and waits until it has mended itself. */
export const runChaos = async ({
  cluster,
  visitors,
  schedule,
  durationMs,
  tell,
}: ChaosRun): Promise<ChaosOutcome> => {
  const began = performance.now();
  const over = new AbortController();
  const visits = loadClient({
    clients: visitors,
    address: cluster.address,
    mode: 'cold',
    everyMs: VISIT_EVERY_MS,
    durationMs: durationMs + WHOLE_WITHIN_MS,
    fetch: { timeoutMs: VISIT_PATIENCE_MS },
    signal: over.signal,
  });
  const counters = new CounterWatch();
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const node of cluster.nodes) {
        const status = await statusOf(node);
        if (status !== null) counters.see(status);
      }
      await delay(250);
    }
  })();
  let missed = 0;
  for (const { atMs, node: index, fault } of schedule) {
    await sleepUntil(atMs, began);
    const node = cluster.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${String(index)}`);
    const what = fault.kind === 'actor' ? `${fault.actor} ${fault.mode}` : fault.kind;
    try {
      await inject(node, fault);
      tell(`${(atMs / 1000).toFixed(0)} s: ${node.id}: ${what}`);
    } catch (error) {
      missed++;
      tell(`${(atMs / 1000).toFixed(0)} s: ${node.id}: not ${what}: ${String(error)}`);
    }
  }
  await sleepUntil(durationMs, began);
  const endedMs = performance.now();
  try {
    await eventually('the cluster is whole again', () => isWhole(cluster), { timeoutMs: WHOLE_WITHIN_MS });
  } finally {
    over.abort();
  }
  const wholeAfterMs = performance.now() - endedMs;
  await watching;
  return { visits: await visits, missed, counterFalls: counters.falls, wholeAfterMs };
};
