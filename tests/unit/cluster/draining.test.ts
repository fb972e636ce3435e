import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { COSTLY, seeds } from '../../support/simulation/seeds.js';
import { PublishingCluster } from './publishing.js';

const S = 1000;

const started = async (seed: number, nodes: number): Promise<PublishingCluster> => {
  const cluster = new PublishingCluster(seed, nodes, QUICK_TIMES, 30);
  for (let index = 0; index < nodes; index++) await cluster.start(index);
  expect(await cluster.runUntil(() => cluster.served().length === nodes, 20 * S)).not.toBeNull();
  return cluster;
};

const phase = (cluster: PublishingCluster, index: number): string | undefined =>
  cluster.sim.node(index).drainState?.phase;

describe('a node that drains', () => {
  test.each(seeds(2, COSTLY))(
    'gives the lease away and leaves every HSDir before its circuits go (seed %i)',
    async (seed) => {
      const cluster = await started(seed, 3);
      const node = cluster.sim.node(0);
      node.rendezvous = ['7'];
      expect(cluster.sim.publishers()).toEqual(['node-a']);
      expect(await node.drain()).toEqual({ phase: 'leaving', refusal: null });
      const leaving = await cluster.runUntil(() => phase(cluster, 0) === 'emptying', 20 * S);
      expect(leaving).not.toBeNull();
      expect(cluster.servedAnywhere()).toEqual(['node-b', 'node-c']);
      expect(cluster.sim.publishers()).toEqual(['node-b']);
      await cluster.run(10 * S);
      expect(phase(cluster, 0)).toBe('emptying');
      node.rendezvous = [];
      node.tellDeparture();
      expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 5 * S)).not.toBeNull();
      await cluster.run(2 * S);
      expect(cluster.sim.node(1).peers.find(({ id }) => id === 'node-a')?.draining).toBe('drained');
      expect(cluster.sim.node(2).peers.find(({ id }) => id === 'node-a')?.draining).toBe('drained');
    },
  );

  test('claims nothing when the publisher dies, as long as another serves', async () => {
    const cluster = await started(3, 3);
    await cluster.sim.node(0).drain();
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 20 * S)).not.toBeNull();
    cluster.kill(1);
    expect(
      await cluster.runUntil(() => cluster.sim.publishers().includes('node-c' as never), 60 * S),
    ).not.toBeNull();
    expect(cluster.sim.publishers()).toEqual(['node-c']);
    expect(await cluster.runUntil(() => cluster.servedAnywhere().join() === 'node-c', 60 * S)).not.toBeNull();
  });

  test('serves again when all others are gone', async () => {
    const cluster = await started(4, 2);
    await cluster.sim.node(0).drain();
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 20 * S)).not.toBeNull();
    expect(cluster.servedAnywhere()).toEqual(['node-b']);
    cluster.kill(1);
    expect(
      await cluster.runUntil(() => cluster.served().includes('node-a' as never), 120 * S),
    ).not.toBeNull();
    expect(cluster.sim.publishers()).toEqual(['node-a']);
  });

  test('returns to the descriptor with undrain, and to the lease by its priority', async () => {
    const cluster = await started(5, 2);
    await cluster.sim.node(0).drain();
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 20 * S)).not.toBeNull();
    await cluster.sim.node(0).drain(false);
    expect(await cluster.runUntil(() => cluster.served().length === 2, 10 * S)).not.toBeNull();
    expect(
      await cluster.runUntil(() => cluster.sim.publishers().join() === 'node-a', 200 * S),
    ).not.toBeNull();
  });

  test('serves again after a restart', async () => {
    const cluster = await started(6, 2);
    await cluster.sim.node(0).drain();
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 20 * S)).not.toBeNull();
    cluster.kill(0);
    await cluster.start(0);
    expect(await cluster.runUntil(() => cluster.served().length === 2, 30 * S)).not.toBeNull();
    expect(cluster.sim.node(1).peers.find(({ id }) => id === 'node-a')?.draining).toBe('no');
  });

  test('goes on draining when only its actor is started again', async () => {
    const cluster = await started(11, 2);
    await cluster.sim.node(0).drain();
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 20 * S)).not.toBeNull();
    cluster.kill(0);
    cluster.sim.node(0).daemonLives = true;
    await cluster.start(0);
    expect(phase(cluster, 0)).not.toBe('no');
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 60 * S)).not.toBeNull();
    expect(cluster.servedAnywhere()).toEqual(['node-b']);
  });

  test('has all of its time again after it stood in for others that were gone', async () => {
    const cluster = await started(12, 2);
    const node = cluster.sim.node(0);
    await node.drain(true, 90 * S);
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 20 * S)).not.toBeNull();
    const before = node.drainState!.untilMs;
    cluster.kill(1);
    expect(
      await cluster.runUntil(() => cluster.served().includes('node-a' as never), 120 * S),
    ).not.toBeNull();
    node.rendezvous = ['7'];
    await cluster.start(1);
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'emptying', 120 * S)).not.toBeNull();
    expect(node.drainState!.untilMs).toBeGreaterThan(before + 10 * S);
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 100 * S)).not.toBeNull();
    expect(node.closed).toEqual(['7']);
  });

  test('closes what is left at its deadline', async () => {
    const cluster = await started(7, 2);
    const node = cluster.sim.node(0);
    node.rendezvous = ['7', '8'];
    await node.drain(true, 20 * S);
    expect(await cluster.runUntil(() => phase(cluster, 0) === 'drained', 25 * S)).toBeGreaterThan(15 * S);
    expect(node.closed).toEqual(['7', '8']);
  });

  test('serves on when the publisher does not leave it out in time', async () => {
    const cluster = await started(8, 2);
    const node = cluster.sim.node(1);
    cluster.sim.network.cut(0, 1);
    await node.drain(true, 1 * S);
    await cluster.run(2 * S);
    expect(node.drainState).toMatchObject({ phase: 'no', failed: true });
    expect(node.closed).toEqual([]);
    cluster.sim.network.heal();
    expect(await cluster.runUntil(() => cluster.served().length === 2, 20 * S)).not.toBeNull();
  });
});

describe('a node that cannot be spared', () => {
  test('refuses to drain alone', async () => {
    const cluster = await started(9, 1);
    expect(await cluster.sim.node(0).drain()).toEqual({ phase: 'no', refusal: 'drain.alone' });
  });

  test('refuses while the only other node drains', async () => {
    const cluster = await started(10, 2);
    await cluster.sim.node(0).drain();
    await cluster.run(2 * S);
    expect(await cluster.sim.node(1).drain()).toEqual({ phase: 'no', refusal: 'drain.alone' });
  });
});

describe('however many nodes drain, and whenever', () => {
  test('no descriptor is ever empty, and every HSDir always has a node that runs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 ** 20 }),
        fc.integer({ min: 2, max: 3 }),
        fc.array(
          fc.record({
            node: fc.nat(2),
            on: fc.boolean(),
            waitMs: fc.constantFrom(0, 30, 500, 3_000),
          }),
          { minLength: 2, maxLength: 8 },
        ),
        async (seed, nodes, orders) => {
          const cluster = await started(seed, nodes);
          for (const { node, on, waitMs } of orders) {
            void cluster.sim.node(node % nodes).drain(on);
            await cluster.run(waitMs);
            expect(cluster.servedAnywhere()).not.toEqual([]);
          }
          await cluster.run(15 * S);
          expect(cluster.uploads.every(({ points }) => points > 0)).toBe(true);
          expect(cluster.servedAnywhere()).not.toEqual([]);
          // Whoever has let its circuits go is in no descriptor.
          const emptied = cluster.sim.nodes.filter(({ drainState }) =>
            ['emptying', 'drained'].includes(drainState?.phase ?? ''),
          );
          for (const { spec } of emptied) expect(cluster.servedAnywhere()).not.toContain(spec.id);
        },
      ),
      { numRuns: 12 },
    );
  });
});
