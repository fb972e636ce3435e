import { startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { isPublishedBy, namesOf, untilSettled } from '../support/cluster/published.js';
import { eventually } from '../support/eventually.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** Seconds from the signal to each stage. */
interface Course {
  /** The node's introduction points are out of both descriptors, on every HSDir. */
  readonly out: number;
  /** Another Tor is up: bootstrapped, with the service. */
  readonly up: number;
  /** Both descriptors have points of every node again, on every HSDir. */
  readonly back: number;
}

const LIMIT_MS = 120_000;

/** Sends the signal to the Tor of one node, whose daemon lives, and follows what comes of it. */
const course = async (
  cluster: Cluster,
  node: DaemonNode,
  signal: 'SIGKILL' | 'SIGSTOP',
): Promise<Course & { readonly wasPublisher: boolean }> => {
  await untilSettled(cluster, LIMIT_MS);
  const wasPublisher = (await node.status()).node.role === 'publisher';
  const others = namesOf(cluster.nodes.filter((other) => other !== node));
  const pid = await node.torPid();
  if (pid === null) throw new Error(`${node.id} has no Tor`);
  process.kill(pid, signal);
  const beganMs = performance.now();
  const since = (): number => (performance.now() - beganMs) / 1000;
  const stage = async (what: string, test: () => Promise<boolean>): Promise<number> => {
    await eventually(`${node.id}: ${what}`, test, { timeoutMs: LIMIT_MS, everyMs: 25 });
    return since();
  };
  const outAndBack = async (): Promise<readonly [number, number]> => {
    const out = await stage('its points are out', () => isPublishedBy(cluster.nodes, others));
    return [
      out,
      await stage('all are published again', () => isPublishedBy(cluster.nodes, namesOf(cluster.nodes))),
    ];
  };
  // Status may show the old Tor for a moment; inspect names the process that it speaks of.
  const isUp = async (): Promise<boolean> => {
    const { state, context } = await node.actor('tor');
    const now = context['pid'];
    return typeof now === 'number' && now !== pid && state === 'online.up';
  };
  const [[out, back], up] = await Promise.all([outAndBack(), stage('another Tor is up', isUp)]);
  return { out, up, back, wasPublisher };
};

/**
 * A node's Tor is killed, or hangs, while its daemon lives: three nodes, every setting at its default. Each Tor suffers
 * each fault once in a cluster, so that the cap on restarts does not come in; then there is a new cluster.
 */
export const torFaultFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
  clusters = 4,
): Promise<Figure[]> => {
  const killed: Course[] = [];
  const hung: Course[] = [];
  for (let round = 0; round < clusters; round++) {
    const cluster = await startCluster({ network, nodes: 3 });
    try {
      for (const [signal, courses] of [
        ['SIGKILL', killed],
        ['SIGSTOP', hung],
      ] as const) {
        for (const node of cluster.nodes) {
          const { wasPublisher, ...one } = await course(cluster, node, signal);
          courses.push(one);
          const stages = [one.out, one.up, one.back].map((seconds) => seconds.toFixed(2)).join(', ');
          progress(`${signal}${wasPublisher ? ' of the publisher' : ''}: out, up, back after ${stages} s`);
        }
      }
    } catch (error) {
      for (const { id, log } of cluster.nodes) progress(`${id}: ${log.slice(-5).join('\n')}`);
      throw error;
    } finally {
      await cluster.stop();
    }
  }
  const figure = (what: string, seconds: readonly number[], limit: number | null): Figure => {
    const measured = spread(seconds);
    const target = limit === null ? null : `p95 ≤ ${String(limit)}`;
    return { what, unit: 's', spread: measured, target, met: limit === null ? null : measured.p95 <= limit };
  };
  return [
    figure(
      "A node's Tor killed: from the new Tor's being up to its introduction points in both descriptors, on every HSDir",
      killed.map(({ up, back }) => Math.max(0, back - up)),
      10,
    ),
    figure(
      "A node's Tor killed: from the kill to its dead points out of both descriptors",
      killed.map(({ out }) => out),
      null,
    ),
    figure(
      "A node's Tor killed: from the kill to its new points in both descriptors",
      killed.map(({ back }) => back),
      null,
    ),
    figure(
      "A node's Tor hangs (SIGSTOP): its points out of both descriptors, on every HSDir",
      hung.map(({ out }) => out),
      10,
    ),
    figure(
      "A node's Tor hangs: another Tor is up",
      hung.map(({ up }) => up),
      30,
    ),
    figure(
      "A node's Tor hangs: its new points in both descriptors",
      hung.map(({ back }) => back),
      null,
    ),
  ];
};
