import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { StatusJson } from '../support/cluster/status.js';
import type { LoadSample } from '../support/stock-client-load.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { startWarmClients, startWarmLoad } from '../support/warm-load.js';
import type { WarmLoad } from '../support/warm-load.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** The default. */
const DRAIN_SECS = 600;

const both = (status: StatusJson): boolean => publishedNodes(status) === 'alpha,beta';

interface Turn {
  readonly leftDescriptorSecs: number;
  readonly drainedSecs: number;
  readonly visits: number;
  readonly failed: number;
}

const secondsSince = (beganMs: number): number => (performance.now() - beganMs) / 1000;

/** Drains the node, stops it, starts it again and waits until it is published: what a rolling upgrade does to it. */
const oneTurn = async (
  node: DaemonNode,
  other: DaemonNode,
  samples: readonly LoadSample[],
): Promise<Turn> => {
  const before = samples.length;
  const beganMs = performance.now();
  const { code, stderr } = await node.command('drain', '--timeout', String(DRAIN_SECS));
  if (code !== 0) throw new Error(`drain: ${stderr}`);
  await node.until('left the descriptor', ({ drain }) => drain !== null && drain.phase !== 'leaving', 60_000);
  const leftDescriptorSecs = secondsSince(beganMs);
  await node.until('drained', (s) => s.node.draining === 'drained', (DRAIN_SECS + 10) * 1000);
  const drainedSecs = secondsSince(beganMs);
  await node.stop();
  node.start();
  await other.until('both nodes are published again', both, 90_000);
  const seen = samples.slice(before);
  return {
    leftDescriptorSecs,
    drainedSecs,
    visits: seen.length,
    failed: seen.filter(({ ok }) => !ok).length,
  };
};

/** A rolling upgrade, over and over, while visitors come. */
export const drainFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
  runs = 10,
): Promise<Figure[]> => {
  const cluster = await startCluster({
    network,
    nodes: 2,
    set: [...FAST_SETTINGS, 'supervisor.start_timeout_secs=60', 'supervisor.period_secs=900'],
  });
  const clients = await startWarmClients(network, 'drain');
  let load: WarmLoad | null = null;
  try {
    const [alpha, beta] = cluster.nodes;
    if (alpha === undefined || beta === undefined) throw new Error('a cluster of two has two nodes');
    await alpha.until('both nodes are published', both, 90_000);
    load = await startWarmLoad(clients, cluster.address, ({ ok, startMs, ms, error }) => {
      if (ok) return;
      const beganAt = new Date(startMs).toISOString();
      progress(`a visit of ${beganAt} failed after ${ms.toFixed(0)} ms: ${JSON.stringify(error)}`);
    });
    const { samples } = load;
    const turns: Turn[] = [];
    for (let run = 0; run < runs; run++) {
      const [node, other] = run % 2 === 0 ? [alpha, beta] : [beta, alpha];
      const turn = await oneTurn(node, other, samples);
      turns.push(turn);
      progress(`${node.id}: ${JSON.stringify(turn)}`);
    }
    await load.end();
    const failed = turns.reduce((sum, turn) => sum + turn.failed, 0);
    const latency = spread(samples.filter(({ ok }) => ok).map(({ ms }) => ms / 1000));
    return [
      {
        what: `Failed visits of ${String(samples.length)} in a rolling upgrade under 50 connections a second (drain, stop, start, by turns)`,
        unit: 'a drain',
        spread: spread(turns.map((turn) => turn.failed)),
        target: '0 in all',
        met: failed === 0,
      },
      {
        what: 'Drain ordered: on no HSDir any more',
        unit: 's',
        spread: spread(turns.map(({ leftDescriptorSecs }) => leftDescriptorSecs)),
        target: null,
        met: null,
      },
      {
        what: 'Drain ordered: drained',
        unit: 's',
        spread: spread(turns.map(({ drainedSecs }) => drainedSecs)),
        target: null,
        met: null,
      },
      { what: 'A visit meanwhile', unit: 's', spread: latency, target: null, met: null },
    ];
  } finally {
    const ended = load?.end();
    await Promise.all(clients.map((client) => client.stop()));
    await ended;
    await cluster.stop();
  }
};
