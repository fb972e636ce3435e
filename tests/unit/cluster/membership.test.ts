import { describe, expect, test } from 'vitest';
import { ClusterSimulation, nodeName } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES } from '../../support/simulation/cluster-config.js';
import { seeds } from '../../support/simulation/seeds.js';

const HEARTBEAT_MS = DEFAULT_TIMES.heartbeatSecs * 1000;

const others = (sim: ClusterSimulation, index: number): number[] =>
  sim.nodes.map((_, at) => at).filter((at) => at !== index);

const isFullMesh = (sim: ClusterSimulation): boolean =>
  sim.nodes.every(
    ({ peers }, index) =>
      sim.knowsExactly(index, others(sim, index)) && peers.every(({ lifecycle }) => lifecycle === 'healthy'),
  );

const chain = async (seed: number, nodes: number, loss = 0): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({
    seed,
    nodes,
    times: DEFAULT_TIMES,
    weather: { loss },
    knows: (index) => [index - 1, index, index + 1],
  });
  await sim.startAll();
  return sim;
};

describe('nodes of which each knows its neighbours in a chain', () => {
  test.each(seeds(5))('are a full mesh with one publisher within two heartbeats (seed %i)', async (seed) => {
    const sim = await chain(seed, 3 + (seed % 4), 0.05);
    const tookMs = sim.runUntil(
      () => isFullMesh(sim) && sim.agrees() && sim.pointsConverged(),
      2 * HEARTBEAT_MS,
    );
    expect(tookMs).not.toBeNull();
  });

  test('know one another at the next start without their neighbours', async () => {
    const sim = await chain(1, 3);
    sim.run(10_000);
    for (const node of sim.nodes) node.kill();
    await sim.node(0).start();
    await sim.node(2).start();
    expect(sim.runUntil(() => sim.agrees(), 2 * HEARTBEAT_MS)).not.toBeNull();
    expect(sim.node(0).peers.find(({ id }) => id === nodeName(2))?.lifecycle).toBe('healthy');
  });

  test('tell where each of them is found', async () => {
    const sim = await chain(2, 3);
    sim.run(5000);
    expect(
      sim
        .node(0)
        .members.map(({ addresses }) => addresses.direct)
        .sort(),
    ).toEqual([sim.node(1).spec.address, sim.node(2).spec.address]);
  });
});

describe('a member that is removed', () => {
  const removed = async (seed: number): Promise<ClusterSimulation> => {
    const sim = await chain(seed, 4);
    sim.run(10_000);
    expect(isFullMesh(sim)).toBe(true);
    expect(await sim.node(1).remove(nodeName(3))).toBe(true);
    return sim;
  };

  test('is a stranger to all others at once, and its points leave the descriptor', async () => {
    const sim = await removed(1);
    const isGone = (): boolean =>
      [0, 1, 2].every((index) =>
        sim.knowsExactly(
          index,
          [0, 1, 2].filter((at) => at !== index),
        ),
      );
    expect(sim.runUntil(isGone, 200)).not.toBeNull();
    sim.run(100);
    expect(new Set(sim.node(0).points.map(({ node }) => node))).toEqual(new Set([nodeName(1), nodeName(2)]));
  });

  test('learns of it, publishes nothing and talks to nobody', async () => {
    const sim = await chain(2, 4);
    sim.run(10_000);
    expect(sim.publishers()).toEqual([nodeName(0)]);
    expect(await sim.node(2).remove(nodeName(0))).toBe(true);
    sim.run(1000);
    expect(sim.node(0).role?.role).toBe('standby');
    expect(sim.node(0).members).toEqual([]);
    expect(sim.runUntil(() => sim.publishers().join() === nodeName(1), 2000)).not.toBeNull();
    expect(sim.node(0).inspect()['findings']).toMatchObject([{ code: 'cluster.removed' }]);
  });

  test('stays removed through restarts of everybody, even if it was away meanwhile', async () => {
    const sim = await chain(3, 4);
    sim.run(10_000);
    sim.node(3).kill();
    await sim.node(1).remove(nodeName(3));
    sim.run(1000);
    for (const node of sim.nodes) {
      node.kill();
      await node.start();
    }
    sim.run(2 * HEARTBEAT_MS);
    for (const index of [0, 1, 2]) expect(sim.node(index).members).toHaveLength(2);
    expect(sim.node(0).inspect()['datagramsRefused']).toMatchObject({ 'unknown-sender': expect.any(Number) });
  });

  test('cannot be the node that is asked, nor one that nobody knows', async () => {
    const sim = await chain(4, 3);
    sim.run(5000);
    expect(await sim.node(1).remove(nodeName(1))).toBe(false);
    expect(await sim.node(1).remove(nodeName(9))).toBe(false);
    expect(await sim.node(1).remove(nodeName(2))).toBe(true);
    expect(await sim.node(1).remove(nodeName(2))).toBe(true);
  });
});
