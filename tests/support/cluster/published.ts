import { eventually } from '../eventually.js';
import type { Cluster } from './cluster.js';
import type { DaemonNode } from './daemon-node.js';
import { publishedNodes } from './status.js';

/** Sorted ids, as publishedNodes tells them. */
export const namesOf = (nodes: readonly DaemonNode[]): string =>
  nodes
    .map(({ id }) => id)
    .sort()
    .join(',');

const isPublishing = async (node: DaemonNode, wanted: string): Promise<boolean> => {
  const status = await node.status();
  return status.node.role === 'publisher' && publishedNodes(status) === wanted;
};

/** Does one of those asked publish, with exactly the wanted nodes in both descriptors, on every HSDir? */
export const isPublishedBy = async (asked: readonly DaemonNode[], wanted: string): Promise<boolean> =>
  (await Promise.all(asked.map((node) => isPublishing(node, wanted)))).includes(true);

/** All nodes are published, and all hold each other for healthy: what follows meets a cluster at rest. */
export const untilSettled = async ({ nodes }: Cluster, timeoutMs: number): Promise<void> => {
  await eventually('all nodes are published', () => isPublishedBy(nodes, namesOf(nodes)), {
    timeoutMs,
    everyMs: 100,
  });
  for (const node of nodes) {
    await node.until(
      'all peers are healthy',
      ({ peers, tor }) => tor.state === 'up' && peers.every(({ lifecycle }) => lifecycle === 'healthy'),
      timeoutMs,
    );
  }
};
