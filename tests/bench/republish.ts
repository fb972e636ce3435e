import { z } from 'zod';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { isPublished, publishedNodes } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { NetworkRelay, TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** The publisher's own account: when each descriptor came to be everywhere, and how long after Tor's event. */
const completions = z.array(z.object({ atMs: z.number(), latencyMs: z.number() }));

/** Latencies (s) of the descriptors completed since a moment (Unix ms). */
const latencies = async (publisher: DaemonNode, sinceMs: number): Promise<number[]> => {
  const { context } = await publisher.actor('publisher');
  const all = completions.parse(context['completions']);
  return all.filter(({ atMs }) => atMs >= sinceMs).map(({ latencyMs }) => latencyMs / 1000);
};

/** Relays that serve the introduction points of a node, by fingerprint. */
const servingRelays = async (node: DaemonNode): Promise<readonly string[]> => {
  const { context } = await node.actor('tor');
  const points = context['introductionRelays'];
  return Array.isArray(points) ? points.filter((one): one is string => typeof one === 'string') : [];
};

const POINTS = 3;

/**
 * Kills a relay and waits until both nodes have three points again and all is published. A point on a relay that both
 * nodes use may go without a change of the merged descriptor: such a round has no sample.
 */
const killAndRevive = async (
  cluster: Cluster,
  publisher: DaemonNode,
  victim: NetworkRelay,
): Promise<number[]> => {
  const sinceMs = Date.now();
  await victim.kill('SIGKILL');
  const lost = async (): Promise<boolean> =>
    !(await Promise.all(cluster.nodes.map(servingRelays))).flat().includes(victim.fingerprint);
  await eventually('the point is gone', lost, { timeoutMs: 60_000 });
  const whole = async (): Promise<boolean> =>
    isPublished(await publisher.status()) &&
    (await Promise.all(cluster.nodes.map(servingRelays))).every(({ length }) => length === POINTS);
  await eventually('all points are replaced', whole, { timeoutMs: 90_000 });
  await victim.restart();
  return latencies(publisher, sinceMs);
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
      samples.push(...(await killAndRevive(cluster, publisher, victim)));
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
