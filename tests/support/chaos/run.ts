import { setTimeout as delay } from 'node:timers/promises';
import { between } from '@rustbalance/actors/kernel/random.js';
import type { ClusterWithTargets } from '../cluster/cluster.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import { namesOf } from '../cluster/published.js';
import { publishedNodes, SILENT_STATES } from '../cluster/status.js';
import type { StatusJson } from '../cluster/status.js';
import { eventually } from '../eventually.js';
import { seededRandom } from '../simulation/seeded-random.js';
import { loadClient } from '../stock-client-load.js';
import type { LoadSample } from '../stock-client-load.js';
import type { StockClient } from '../stock-client.js';
import { CounterWatch } from './counter-watch.js';
import type { ChaosFault, Instruments } from './fault.js';
import { actorKills, nodeFaults } from './schedule.js';

export interface ChaosRun {
  readonly cluster: ClusterWithTargets;
  readonly instruments: Instruments;
  /** One for each cold visit that may be under way. */
  readonly visitors: readonly StockClient[];
  /** Of whole nodes, one after another; actors are killed beside them. */
  readonly kinds: readonly ChaosFault[];
  readonly seed: number;
  readonly durationMs: number;
  /** From the end of one fault of a whole node to the next, on average. */
  readonly meanGapMs: number;
  /** From one actor's being killed to the next one's, on average. */
  readonly actorGapMs: number;
  /** Of a visitor. */
  readonly patienceMs: number;
  readonly tell: (line: string) => void;
}

export interface MendedFault {
  readonly kind: string;
  /** Until the cluster was whole again; null where that took too long. */
  readonly mendedMs: number | null;
}

export interface ChaosOutcome {
  /** Cold visits, one a second, from the beginning until the cluster was whole again. */
  readonly visits: readonly LoadSample[];
  readonly faults: readonly MendedFault[];
  readonly actorsKilled: number;
  /** Kills of actors that could not be done, because what they hurt was down already. */
  readonly missed: number;
  /** Of one descriptor, a counter that is below one seen before. */
  readonly counterFalls: readonly string[];
  /** From the last fault until all nodes are published by one publisher, ms. */
  readonly wholeAfterMs: number;
}

const VISIT_EVERY_MS = 1000;
const WHOLE_WITHIN_MS = 180_000;

const statusOf = (node: DaemonNode): Promise<StatusJson | null> => node.status().catch(() => null);

const isWhole = async ({ nodes }: ClusterWithTargets): Promise<boolean> => {
  const all = await Promise.all(nodes.map(statusOf));
  const publishers = all.filter((status) => status?.node.role === 'publisher');
  return (
    all.every((status) => status?.ready === true) &&
    publishers.length === 1 &&
    publishers.every((status) => status !== null && publishedNodes(status) === namesOf(nodes))
  );
};

/** Of several faults at once on one node nothing is promised: one of its actors may have been killed a moment ago. */
const untilUnhurt = (node: DaemonNode): Promise<unknown> =>
  eventually(
    `all actors of ${node.id} answer`,
    async () => {
      const { actors } = await node.inspect();
      return Object.values(actors).every(({ state }) => !SILENT_STATES.includes(state));
    },
    { timeoutMs: WHOLE_WITHIN_MS },
  );

const untilWhole = (cluster: ClusterWithTargets): Promise<unknown> =>
  eventually('the cluster is whole again', () => isWhole(cluster), { timeoutMs: WHOLE_WITHIN_MS });

/** Hurts a cluster until time is up while visitors come, and waits until it has mended itself. */
export const runChaos = async ({
  cluster,
  instruments,
  visitors,
  kinds,
  seed,
  durationMs,
  meanGapMs,
  actorGapMs,
  patienceMs,
  tell,
}: ChaosRun): Promise<ChaosOutcome> => {
  const began = performance.now();
  const since = (): number => performance.now() - began;
  const say = (line: string): void => {
    tell(`${(since() / 1000).toFixed(1)} s: ${line}`);
  };
  const over = new AbortController();
  const visits = loadClient({
    clients: visitors,
    address: cluster.address,
    mode: 'cold',
    everyMs: VISIT_EVERY_MS,
    durationMs: durationMs + 2 * WHOLE_WITHIN_MS,
    fetch: { timeoutMs: patienceMs },
    signal: over.signal,
    onSample: ({ ok, ms, node, error }) => {
      if (!ok || ms > 10_000)
        say(`visit of ${(ms / 1000).toFixed(1)} s: ${ok ? String(node) : JSON.stringify(error)}`);
    },
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

  /** What a whole node suffers: of several faults at once on one node nothing is promised. */
  let suffering: DaemonNode | null = null;
  const nodeAt = (index: number): DaemonNode => {
    const node = cluster.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${String(index)}`);
    return node;
  };

  const faults: MendedFault[] = [];
  const hurtNodes = async (): Promise<void> => {
    const gaps = seededRandom(seed + 2);
    for (const { node: index, fault, seed: own } of nodeFaults(
      seededRandom(seed),
      kinds,
      cluster.nodes.length,
    )) {
      await delay(between(gaps, 0.5 * meanGapMs, 1.5 * meanGapMs));
      if (since() >= durationMs) return;
      const node = nodeAt(index);
      const { kind } = fault;
      suffering = node;
      say(`${node.id}: ${kind}`);
      try {
        await untilUnhurt(node);
        const { what, mendsFromMs } = await fault.suffer({
          ...instruments,
          cluster,
          node,
          random: seededRandom(own),
        });
        await untilWhole(cluster);
        const mendedMs = performance.now() - mendsFromMs;
        faults.push({ kind, mendedMs });
        say(`${node.id}: ${kind} (${what}) mended in ${(mendedMs / 1000).toFixed(1)} s`);
      } catch (error) {
        faults.push({ kind, mendedMs: null });
        say(`${node.id}: ${kind} NOT MENDED: ${String(error)}`);
      }
      suffering = null;
    }
  };

  let actorsKilled = 0;
  let missed = 0;
  const killActors = async (): Promise<void> => {
    const plan = actorKills(seededRandom(seed + 1), {
      nodes: cluster.nodes.length,
      durationMs,
      meanGapMs: actorGapMs,
    });
    for (const { atMs, node: index, actor, mode } of plan) {
      await delay(Math.max(0, atMs - since()));
      const node = nodeAt(index);
      if (node === suffering) continue;
      try {
        await node.chaos(actor, mode);
        actorsKilled++;
        say(`${node.id}: ${actor} ${mode}`);
      } catch (error) {
        missed++;
        say(`${node.id}: not ${actor} ${mode}: ${String(error)}`);
      }
    }
  };

  await Promise.all([hurtNodes(), killActors(), delay(durationMs)]);
  const endedMs = performance.now();
  try {
    await untilWhole(cluster);
  } finally {
    over.abort();
  }
  const wholeAfterMs = performance.now() - endedMs;
  await watching;
  return {
    visits: await visits,
    faults,
    actorsKilled,
    missed,
    counterFalls: counters.falls,
    wholeAfterMs,
  };
};
