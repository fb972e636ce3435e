import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { daemonMemory, memoryFigure } from './resident-memory.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

interface Takeover {
  /** From SIGKILL of publisher and Tor to the survivor's clean descriptor on every HSDir. */
  readonly seconds: number;
  /** MiB: of both daemons before, of the survivor afterwards. */
  readonly memory: readonly number[];
}

/** Makes a cluster of two and kills its publisher. */
const oneTakeover = async (network: TorNetwork): Promise<Takeover> => {
  const cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
  try {
    const [publisher, survivor] = cluster.nodes;
    if (publisher === undefined || survivor === undefined) throw new Error('a cluster of two has two nodes');
    await publisher.until('both nodes are published', (s) => publishedNodes(s) === 'alpha,beta', 90_000);
    const before = await daemonMemory(cluster.nodes);
    const beganMs = performance.now();
    await publisher.killHard();
    await survivor.until(
      'publishes alone',
      (s) => s.node.role === 'publisher' && publishedNodes(s) === 'beta',
      60_000,
    );
    const seconds = (performance.now() - beganMs) / 1000;
    return { seconds, memory: [...before, ...(await daemonMemory([survivor]))] };
  } finally {
    await cluster.stop();
  }
};

export const takeoverFigures = async (network: TorNetwork, runs = 10): Promise<Figure[]> => {
  const takeovers: Takeover[] = [];
  for (let run = 0; run < runs; run++) takeovers.push(await oneTakeover(network));
  const measured = spread(takeovers.map(({ seconds }) => seconds));
  return [
    {
      what: "Publisher and its Tor killed with SIGKILL: the survivor's clean descriptor on every HSDir (two nodes, heartbeat 1 s, timeout 3 s, grace 2 s)",
      unit: 's',
      spread: measured,
      target: 'p95 ≤ 10',
      met: measured.p95 <= 10,
    },
    memoryFigure(
      'Resident memory of each daemon: both before the take-over, the survivor after it',
      takeovers.flatMap(({ memory }) => memory),
    ),
  ];
};
