import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const MIB = 2 ** 20;
const MOST_MIB = 220;

/** Resident memory of each daemon as `rbctl inspect` tells it, MiB; its Tor is a process of its own and not in it. */
export const daemonMemory = (nodes: readonly DaemonNode[]): Promise<number[]> =>
  Promise.all(nodes.map(async (node) => (await node.inspect()).supervisor.rss_bytes / MIB));

/** @param samples MiB, one for each daemon and each time that it was asked; the largest is judged */
export const memoryFigure = (what: string, samples: readonly number[]): Figure => ({
  what,
  unit: 'MiB',
  spread: spread(samples),
  target: `max ≤ ${String(MOST_MIB)}`,
  met: Math.max(...samples) <= MOST_MIB,
});
