import { describe, expect, test } from 'vitest';
import { DEFAULT_TIMES, QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { COSTLY, seeds } from '../../support/simulation/seeds.js';
import { CLIENTS_PERIOD, PublishingCluster } from './publishing.js';
import type { NodeUpload } from './publishing.js';

const S = 1000;
/** Time enough for agreements, silence and graces, and for looks that wait for an answer. */
const SETTLED_MS = 60 * S;
const REFRESH_SECS = 30;
const REFRESH_MS = REFRESH_SECS * S;
/** A contact needs a probe to be noticed at all. */
const FIRST_PROBE_MS = 1 * S;
const HEARTBEAT_MS = QUICK_TIMES.heartbeatSecs * S + FIRST_PROBE_MS;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const started = async (seed: number, nodes: number, times = QUICK_TIMES): Promise<PublishingCluster> => {
  const cluster = new PublishingCluster(seed, nodes, times, REFRESH_SECS);
  for (const index of range(nodes)) await cluster.start(index);
  expect(await cluster.runUntil(() => cluster.served().length === nodes, 20 * S)).not.toBeNull();
  return cluster;
};

/** What one HSDir of the clients' descriptor was sent from then on: each upload goes to every HSDir once. */
const sentSince = (cluster: PublishingCluster, atMs: number): readonly NodeUpload[] => {
  const since = cluster.uploads.filter((one) => one.atMs >= atMs && one.timePeriod === CLIENTS_PERIOD);
  return since.filter(({ hsdir }) => hsdir === since[0]?.hsdir);
};

describe('a publisher that is cut off from the others', () => {
  test.each(seeds(2, COSTLY))(
    'leaves the descriptor of the larger side, which stays as it is (seed %i)',
    async (seed) => {
      const nodes = 3 + (seed % 2);
      const cluster = await started(seed, nodes);
      const rest = range(nodes).slice(1);
      cluster.sim.partition([0], rest);
      // Their agreement takes seconds, its own silence and graces two minutes.
      await cluster.run(180 * S);
      expect(cluster.served()).toEqual(rest.map((index) => cluster.sim.node(index).spec.id));
      const fromMs = cluster.sim.nowMs;
      await cluster.run(2 * REFRESH_MS);
      expect(sentSince(cluster, fromMs)).toEqual([]);
      expect(cluster.sim.publishers()).toHaveLength(2);

      cluster.sim.network.heal();
      expect(await cluster.runUntil(() => cluster.sim.agrees(), HEARTBEAT_MS)).not.toBeNull();
      expect(cluster.sim.publishers()).toEqual(['node-b']);
      expect(await cluster.runUntil(() => cluster.served().length === nodes, HEARTBEAT_MS)).not.toBeNull();
    },
  );
});

describe('a cluster of two that is cut in the middle', () => {
  test.each(seeds(2, COSTLY))(
    'keeps one descriptor, and is not drawn into a race of counters (seed %i)',
    async (seed) => {
      const cluster = await started(seed, 2);
      cluster.sim.partition([0], [1]);
      await cluster.run(SETTLED_MS);
      const fromMs = cluster.sim.nowMs;
      await cluster.run(3 * REFRESH_MS);
      expect(sentSince(cluster, fromMs)).toEqual([]);
      expect(cluster.served()).toHaveLength(1);
      const [server] = cluster.served();

      cluster.sim.network.heal();
      expect(await cluster.runUntil(() => cluster.sim.agrees(), HEARTBEAT_MS)).not.toBeNull();
      // Whose descriptor stood goes on: nothing need change hands.
      expect(cluster.sim.publishers()).toEqual([server]);
      expect(await cluster.runUntil(() => cluster.served().length === 2, HEARTBEAT_MS)).not.toBeNull();
    },
  );
});

describe('a cluster that falls into two halves', () => {
  test.each(seeds(2, COSTLY))(
    'uploads no more than once in a refresh interval on each side (seed %i)',
    async (seed) => {
      const cluster = await started(seed, 4);
      cluster.sim.partition([0, 1], [2, 3]);
      await cluster.run(SETTLED_MS);
      const fromMs = cluster.sim.nowMs;
      await cluster.run(3 * REFRESH_MS);
      for (const side of [
        ['node-a', 'node-b'],
        ['node-c', 'node-d'],
      ]) {
        const sent = sentSince(cluster, fromMs).filter(({ node }) => side.includes(node));
        expect(sent.length).toBeLessThanOrEqual(3);
      }
      expect(cluster.served()).toHaveLength(2);
      cluster.sim.network.heal();
      expect(await cluster.runUntil(() => cluster.sim.agrees(), HEARTBEAT_MS)).not.toBeNull();
      expect(await cluster.runUntil(() => cluster.served().length === 4, HEARTBEAT_MS)).not.toBeNull();
    },
  );
});

describe('a node that starts again without reaching the others', () => {
  test.each(seeds(2, COSTLY))(
    'leaves their descriptor, whoever comes first by priority (seed %i)',
    async (seed) => {
      const nodes = 2 + (seed % 3);
      const cluster = await started(seed, nodes);
      const again = seed % nodes;
      const rest = range(nodes).filter((index) => index !== again);
      cluster.kill(again);
      cluster.sim.partition([again], rest);
      await cluster.run(SETTLED_MS);
      expect(cluster.served()).toHaveLength(rest.length);
      await cluster.start(again);
      const fromMs = cluster.sim.nowMs;
      await cluster.run(2 * REFRESH_MS);
      expect(cluster.verdict(again)).toBe('WITHHOLD');
      expect(sentSince(cluster, fromMs)).toEqual([]);
      expect(cluster.served()).toHaveLength(rest.length);

      cluster.sim.network.heal();
      expect(await cluster.runUntil(() => cluster.sim.agrees(), HEARTBEAT_MS)).not.toBeNull();
      expect(cluster.sim.publishers()).not.toEqual([cluster.sim.node(again).spec.id]);
      expect(await cluster.runUntil(() => cluster.served().length === nodes, HEARTBEAT_MS)).not.toBeNull();
    },
  );
});

describe('the last survivor of a cluster', () => {
  test.each(seeds(2, COSTLY))('serves within the time of a take-over (seed %i)', async (seed) => {
    const nodes = 2 + (seed % 3);
    const cluster = await started(seed, nodes, DEFAULT_TIMES);
    for (const index of range(nodes - 1)) cluster.kill(index);
    const own = cluster.sim.node(nodes - 1).spec.id;
    const alone = (): boolean => sentSince(cluster, 0).at(-1)?.points === 3 && cluster.served().includes(own);
    const took = await cluster.runUntil(alone, 200 * S);
    expect(took).toBeLessThan(125 * S);
  });

  test.each(seeds(2, COSTLY))(
    'serves within the time of a take-over although it starts again itself (seed %i)',
    async (seed) => {
      const nodes = 2 + (seed % 3);
      const cluster = await started(seed, nodes, DEFAULT_TIMES);
      for (const index of range(nodes)) cluster.kill(index);
      await cluster.run(20 * S);
      const survivor = seed % nodes;
      await cluster.start(survivor);
      const took = await cluster.runUntil(() => cluster.served().length === 1, 200 * S);
      expect(took).toBeLessThan(120 * S);
      // Its next start finds nothing but what it published itself.
      cluster.kill(survivor);
      await cluster.start(survivor);
      expect(await cluster.runUntil(() => cluster.served().length === 1, 30 * S)).toBeLessThan(10 * S);
    },
  );
});

describe('a cluster that starts all at once while nobody hears anybody', () => {
  test('has a descriptor, and one publisher as soon as they hear each other', async () => {
    const cluster = await started(1, 3);
    for (const index of range(3)) cluster.kill(index);
    cluster.sim.partition([0], [1], [2]);
    for (const index of range(3)) await cluster.start(index);
    await cluster.run(130 * S);
    expect(cluster.served().length).toBeGreaterThan(0);
    cluster.sim.network.heal();
    expect(await cluster.runUntil(() => cluster.sim.agrees(), HEARTBEAT_MS)).not.toBeNull();
    expect(await cluster.runUntil(() => cluster.served().length === 3, HEARTBEAT_MS)).not.toBeNull();
  });
});
