import { startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { isPublishedBy, namesOf, untilSettled } from '../support/cluster/published.js';
import { eventually } from '../support/eventually.js';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { loadClient } from '../support/stock-client-load.js';
import type { LoadMode, LoadSample } from '../support/stock-client-load.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { figureTable, spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** A cold visit has a client to itself, and one that draws a silent node keeps it for as long as it waits. */
const COLD_CLIENTS = 8;
const WARM_CLIENTS = 2;
const EVERY_MS = 500;
/** Clients learn how long circuits take from their first hundred, and until then wait for a minute where one is dead. */
const LEARNING_MS = 150_000;
/** A stock client's own: Tor gives a stream up after SocksTimeout, two minutes. */
const PATIENCE_MS = 120_000;
const MINUTE_MS = 60_000;
const SETTLED_WITHIN_MS = 240_000;
const GONE_WITHIN_MS = 120_000;
const WITHIN_SECS = 10;
/** Shown one by one. */
const SLOW_SECS = 2;

/** The rest is by default: nothing of it is about how long a loss takes. */
const ON_A_BUSY_MACHINE: readonly string[] = [
  'supervisor.start_timeout_secs=60',
  'supervisor.period_secs=900',
];

/** How a node is lost. */
interface Loss {
  readonly name: string;
  /** What is done to it; what it resolves with undoes it, up to the node's being started again. */
  readonly lose: (node: DaemonNode) => Promise<() => Promise<unknown>>;
  /** Visits are counted for so long before it, and after it. */
  readonly quietMs: number;
  readonly countedMs: number;
  readonly ofPublisher: boolean;
  /** Required of its being in no descriptor any more. */
  readonly outWithinSecs: number | null;
}

interface Run {
  /** Unix ms. */
  readonly quietFromMs: number;
  readonly lostAtMs: number;
  /** Seconds until the node was in none of the descriptors, on every HSDir. */
  readonly outSecs: number;
}

type Visit = LoadSample & { readonly mode: LoadMode };

const signalBoth = async (node: DaemonNode, signal: 'SIGSTOP' | 'SIGKILL'): Promise<void> => {
  const torPid = await node.torPid();
  if (torPid === null || node.pid === null) throw new Error(`${node.id} does not run`);
  for (const pid of [node.pid, torPid]) process.kill(pid, signal);
};

const LOSSES: Readonly<Record<'killed' | 'powerCut' | 'stopped', Loss>> = {
  killed: {
    name: 'a node killed (SIGKILL to daemon and Tor)',
    lose: async (node) => {
      await node.killHard();
      return () => Promise.resolve();
    },
    quietMs: 20_000,
    countedMs: MINUTE_MS,
    ofPublisher: false,
    outWithinSecs: null,
  },
  powerCut: {
    name: "a node's power cut (SIGSTOP to daemon and Tor: nothing closed)",
    lose: async (node) => {
      await signalBoth(node, 'SIGSTOP');
      return () => node.killHard();
    },
    quietMs: 15_000,
    countedMs: 30_000,
    ofPublisher: false,
    outWithinSecs: 15,
  },
  stopped: {
    name: 'the publisher stopped (SIGTERM)',
    lose: (node) => {
      const ended = node.stop();
      return Promise.resolve(() => ended);
    },
    quietMs: 5_000,
    countedMs: 15_000,
    ofPublisher: true,
    outWithinSecs: 5,
  },
};

const publisherOf = async ({ nodes }: Cluster): Promise<number> => {
  const all = await Promise.all(nodes.map((node) => node.status()));
  return all.findIndex(({ node }) => node.role === 'publisher');
};

/** Until so much wall time has passed: visits are counted by when they were due. */
const untilMs = (atMs: number): Promise<unknown> =>
  eventually('its time is over', () => Date.now() >= atMs, {
    timeoutMs: atMs - Date.now() + 10_000,
    everyMs: 100,
  });

const oneRun = async (cluster: Cluster, loss: Loss, run: number): Promise<Run> => {
  await untilSettled(cluster, SETTLED_WITHIN_MS);
  const quietFromMs = Date.now();
  await untilMs(quietFromMs + loss.quietMs);
  const index = loss.ofPublisher ? await publisherOf(cluster) : run % cluster.nodes.length;
  const node = cluster.nodes[index];
  if (node === undefined) throw new Error('nobody publishes');
  const others = cluster.nodes.filter((one) => one !== node);
  const lostAtMs = Date.now();
  const beganMs = performance.now();
  const undo = await loss.lose(node);
  await eventually(`${node.id} is out`, () => isPublishedBy(others, namesOf(others)), {
    timeoutMs: GONE_WITHIN_MS,
    everyMs: 25,
  });
  const outSecs = (performance.now() - beganMs) / 1000;
  await untilMs(lostAtMs + loss.countedMs);
  await undo();
  node.start();
  return { quietFromMs, lostAtMs, outSecs };
};

const between = (visits: readonly Visit[], fromMs: number, toMs: number): Visit[] =>
  visits.filter(({ dueMs }) => dueMs >= fromMs && dueMs < toMs);

const secondsOf = (visits: readonly Visit[], mode: LoadMode): number[] =>
  visits.filter((visit) => visit.mode === mode).map(({ ms }) => ms / 1000);

/** What was late, so that it can be seen where the time went. */
const slowLines = (visits: readonly Visit[], sinceMs: number, limitSecs: number): string[] =>
  visits
    .filter(({ ok, ms }) => !ok || ms > limitSecs * 1000)
    .map(({ mode, dueMs, startMs, ms, node, error }) => {
      const due = ((dueMs - sinceMs) / 1000).toFixed(1);
      const waited = startMs - dueMs > 100 ? `, waited ${(startMs - dueMs).toFixed(0)} ms for a client` : '';
      return `  ${mode} visit ${due} s after: ${(ms / 1000).toFixed(2)} s, ${node ?? error?.message ?? '?'}${waited}`;
    });

interface Measured {
  readonly loss: Loss;
  readonly runs: readonly Run[];
}

const MODES = ['cold', 'warm'] as const;

const figuresOf = ({ loss, runs }: Measured, visits: readonly Visit[]): Figure[] => {
  const { outWithinSecs: limitSecs } = loss;
  const before = runs.flatMap(({ quietFromMs, lostAtMs }) => between(visits, quietFromMs, lostAtMs));
  const after = runs.flatMap(({ lostAtMs }) => between(visits, lostAtMs, lostAtMs + loss.countedMs));
  const out = spread(runs.map(({ outSecs }) => outSecs));
  const isJudged = loss === LOSSES.killed;
  const latencies = MODES.flatMap((mode): Figure[] => {
    const [beside, of] = [spread(secondsOf(before, mode)), spread(secondsOf(after, mode))];
    const late = after.filter(
      (visit) => visit.mode === mode && (!visit.ok || visit.ms > WITHIN_SECS * 1000),
    ).length;
    const ratio = of.p95 / beside.p95;
    return [
      { what: `${mode} visits before: ${loss.name}`, unit: 's', spread: beside, target: null, met: null },
      {
        what: `… ${mode} visits in the ${String(loss.countedMs / 1000)} s after; not answered within 10 s: ${String(late)}`,
        unit: 's',
        spread: of,
        target: isJudged ? 'max ≤ 10' : null,
        met: isJudged ? late === 0 : null,
      },
      {
        what: `… ${mode} visits: p95 after / before`,
        unit: '',
        spread: spread([ratio]),
        target: isJudged ? '≤ 1.3' : null,
        met: isJudged ? ratio <= 1.3 : null,
      },
    ];
  });
  return [
    {
      what: `${loss.name}: out of both descriptors, on every HSDir`,
      unit: 's',
      spread: out,
      target: limitSecs === null ? null : `p95 ≤ ${String(limitSecs)}`,
      met: limitSecs === null ? null : out.p95 <= limitSecs,
    },
    ...latencies,
  ];
};

/** Three nodes at default settings lose one of them, again and again, while cold and warm stock clients visit. */
export const nodeLossFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
  runs = 10,
): Promise<Figure[]> => {
  const cluster = await startCluster({ network, nodes: 3, set: ON_A_BUSY_MACHINE });
  const clients: StockClient[] = [];
  const ending = new AbortController();
  const visits: Visit[] = [];
  const loads: Promise<unknown>[] = [];
  try {
    for (let i = 0; i < COLD_CLIENTS + WARM_CLIENTS; i++)
      clients.push(await startStockClient(network, { name: `loss-${String(i)}` }));
    await untilSettled(cluster, SETTLED_WITHIN_MS);
    for (const mode of MODES) {
      loads.push(
        loadClient({
          clients: mode === 'cold' ? clients.slice(0, COLD_CLIENTS) : clients.slice(COLD_CLIENTS),
          address: cluster.address,
          mode,
          everyMs: EVERY_MS,
          durationMs: 7_200_000,
          fetch: { timeoutMs: PATIENCE_MS },
          signal: ending.signal,
          onSample: (sample) => void visits.push({ ...sample, mode }),
        }),
      );
    }
    progress('clients learn how long circuits take');
    await untilMs(Date.now() + LEARNING_MS);
    const measured = Object.values(LOSSES).map((loss) => ({ loss, runs: new Array<Run>() }));
    const figures = (): Figure[] => measured.flatMap((one) => figuresOf(one, visits));
    for (let run = 0; run < runs; run++) {
      for (const { loss, runs: done } of measured) {
        const one = await oneRun(cluster, loss, run);
        done.push(one);
        progress(`${loss.name}: out after ${one.outSecs.toFixed(2)} s`);
      }
      progress(`so far\n${figureTable(figures())}`);
    }
    ending.abort();
    await Promise.all(loads);
    // Only now have those ended that waited for as long as a client does.
    for (const { loss, runs: done } of measured) {
      for (const [run, { lostAtMs }] of done.entries()) {
        progress(`${loss.name}, run ${String(run + 1)}: slow visits`);
        const shown = between(visits, lostAtMs, lostAtMs + loss.countedMs);
        for (const line of slowLines(shown, lostAtMs, SLOW_SECS)) progress(line);
      }
    }
    return figures();
  } catch (error) {
    for (const { id, log } of cluster.nodes) progress(`${id}: ${log.slice(-5).join('\n')}`);
    throw error;
  } finally {
    ending.abort();
    await Promise.all(clients.map((client) => client.stop()));
    await cluster.stop();
  }
};
