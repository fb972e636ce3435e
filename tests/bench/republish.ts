import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { NetworkRelay, TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** The publisher's own account: from Tor's event to the last HSDir's acceptance, each time a descriptor completed. */
const LATENCY = /a descriptor is on every responsible HSDir .*latencyMs=(\d+)/;

const latencies = (node: DaemonNode, from: number): number[] =>
  node.log.slice(from).flatMap((line) => {
    const match = LATENCY.exec(line);
    return match?.[1] === undefined ? [] : [Number(match[1]) / 1000];
  });

/** Relays that serve the introduction points of a node, by fingerprint. */
const servingRelays = async (node: DaemonNode): Promise<readonly string[]> => {
  const { context } = await node.actor('tor');
  const points = context['introductionRelays'];
  return Array.isArray(points) ? points.filter((one): one is string => typeof one === 'string') : [];
};

const killAndRevive = async (cluster: Cluster, victim: NetworkRelay): Promise<number[]> => {
  const [publisher] = cluster.nodes;
  if (publisher === undefined) throw new Error('the cluster has no publisher');
  const from = publisher.log.length;
  await victim.kill('SIGKILL');
  await eventually('a new descriptor', () => latencies(publisher, from).length > 0, {
    timeoutMs: 60_000,
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${publisher.log.slice(from - 5).join('\n')}`, { cause: error });
  });
  await victim.restart();
  return latencies(publisher, from);
};

/** A relay that serves an introduction point is killed, over and over; and what the rotations meanwhile cost. */
export const republishFigures = async (network: TorNetwork, runs = 10): Promise<Figure[]> => {
  const cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
  try {
    const [publisher, peer] = cluster.nodes;
    if (publisher === undefined || peer === undefined) throw new Error('a cluster of two has two nodes');
    await publisher.until('both nodes are published', (s) => publishedNodes(s) === 'alpha,beta', 90_000);
    const samples: number[] = [];
    for (let run = 0; run < runs; run++) {
      const serving = new Set(await servingRelays(run % 2 === 0 ? publisher : peer));
      // A killed relay that is itself a responsible HSDir could never accept: such rounds have no end to measure.
      const status = await publisher.status();
      const hsdirs = new Set(
        status.descriptors.flatMap((one) => one.hsdirs.map(({ fingerprint }) => fingerprint)),
      );
      const victim = network.relays.find(
        ({ fingerprint }) => serving.has(fingerprint) && !hsdirs.has(fingerprint),
      );
      if (victim === undefined) continue;
      samples.push(...(await killAndRevive(cluster, victim)));
    }
    const measured = spread(samples);
    return [
      {
        what: 'A relay that serves an introduction point is killed (own and peer, in turn), and rotations meanwhile: the new descriptor on every responsible HSDir',
        unit: 's',
        spread: measured,
        target: 'p95 ≤ 3',
        met: measured.p95 <= 3,
      },
    ];
  } finally {
    await cluster.stop();
  }
};
