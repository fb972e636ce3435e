import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** One cluster of two: from SIGKILL of publisher and Tor to the survivor's clean descriptor on every HSDir, in s. */
const oneTakeover = async (network: TorNetwork): Promise<number> => {
  const cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
  try {
    const [publisher, survivor] = cluster.nodes;
    if (publisher === undefined || survivor === undefined) throw new Error('a cluster of two has two nodes');
    await publisher.until('both nodes are published', (s) => publishedNodes(s) === 'alpha,beta', 90_000);
    const beganMs = performance.now();
    await publisher.killHard();
    await survivor.until(
      'publishes alone',
      (s) => s.node.role === 'publisher' && publishedNodes(s) === 'beta',
      60_000,
    );
    return (performance.now() - beganMs) / 1000;
  } finally {
    await cluster.stop();
  }
};

export const takeoverFigures = async (network: TorNetwork, runs = 10): Promise<Figure[]> => {
  const samples: number[] = [];
  for (let run = 0; run < runs; run++) samples.push(await oneTakeover(network));
  const measured = spread(samples);
  return [
    {
      what: "Publisher and its Tor killed with SIGKILL: the survivor's clean descriptor on every HSDir (two nodes, heartbeat 1 s, timeout 3 s, grace 2 s)",
      unit: 's',
      spread: measured,
      target: 'p95 ≤ 10',
      met: measured.p95 <= 10,
    },
  ];
};
