import type { Cluster } from '../support/cluster/cluster.js';
import { startCluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { isPublishedBy, namesOf, untilSettled } from '../support/cluster/published.js';
import { eventually } from '../support/eventually.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** Seconds from `leave` to the descriptors of one of the others, without the one that left, on every HSDir. */
const secondsWithout = async (
  cluster: Cluster,
  leave: (node: DaemonNode) => Promise<unknown>,
  timeoutMs: number,
): Promise<number> => {
  const [publisher, ...others] = cluster.nodes;
  if (publisher === undefined) throw new Error('a cluster has nodes');
  // All have heard of each other in both directions: what follows is a take-over and not a first meeting.
  await untilSettled(cluster, 120_000);
  const beganMs = performance.now();
  const left = leave(publisher);
  await eventually(
    `${namesOf(others)} publish without ${publisher.id}`,
    () => isPublishedBy(others, namesOf(others)),
    { timeoutMs, everyMs: 50 },
  );
  const seconds = (performance.now() - beganMs) / 1000;
  await left;
  return seconds;
};

interface Leaving {
  readonly nodes: number;
  readonly runs: number;
  readonly timeoutMs: number;
  readonly leave: (node: DaemonNode) => Promise<unknown>;
}

/** A new cluster for each run: what a take-over leaves behind is not part of the next. */
const measure = async (
  network: TorNetwork,
  { nodes, runs, timeoutMs, leave }: Leaving,
  progress: (line: string) => void,
): Promise<number[]> => {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const cluster = await startCluster({ network, nodes });
    try {
      const took = await secondsWithout(cluster, leave, timeoutMs);
      progress(`${nodes} nodes: ${took.toFixed(2)} s`);
      seconds.push(took);
    } finally {
      await cluster.stop();
    }
  }
  return seconds;
};

const figure = (what: string, seconds: readonly number[], limit: number): Figure => {
  const measured = spread(seconds);
  return {
    what,
    unit: 's',
    spread: measured,
    target: `p95 ≤ ${String(limit)}`,
    met: measured.p95 <= limit,
  };
};

const killHard = (node: DaemonNode): Promise<unknown> => node.killHard();
const stop = (node: DaemonNode): Promise<unknown> => node.stop();

/** Take-overs with every setting at its default. */
export const defaultTakeoverFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
): Promise<Figure[]> => {
  const among = (leaving: Leaving): Promise<number[]> => measure(network, leaving, progress);
  const released = await among({ nodes: 3, runs: 10, timeoutMs: 60_000, leave: stop });
  const three = await among({ nodes: 3, runs: 10, timeoutMs: 120_000, leave: killHard });
  const two = await among({ nodes: 2, runs: 3, timeoutMs: 240_000, leave: killHard });
  return [
    figure("Publisher ends by SIGTERM, three nodes: another's clean descriptor on every HSDir", released, 3),
    figure(
      "Publisher and its Tor killed, three nodes: a survivor's clean descriptor on every HSDir",
      three,
      15,
    ),
    figure(
      "Publisher and its Tor killed, two nodes: the survivor's clean descriptor on every HSDir",
      two,
      120,
    ),
  ];
};
