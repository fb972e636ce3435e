import { describe, expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES } from '../../support/simulation/cluster-config.js';

const started = async (nodes: number, seed = 1): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({ seed, nodes, times: DEFAULT_TIMES });
  await sim.startAll();
  sim.run(5000);
  return sim;
};

const absence = (sim: ClusterSimulation, node: number): string[] =>
  (sim.node(node).role?.absent ?? []).map(({ id, how }) => `${id} ${how}`);

describe('whom the publisher is told to be out of contact', () => {
  test('is nobody in a cluster of one, or while all are heard', async () => {
    expect(absence(await started(1), 0)).toEqual([]);
    expect(absence(await started(3), 0)).toEqual([]);
  });

  test('is a member that was never heard since the start', async () => {
    const sim = new ClusterSimulation({ seed: 1, nodes: 2, times: DEFAULT_TIMES });
    await sim.node(0).start();
    sim.run(5000);
    expect(sim.publishers()).toEqual(['node-a']);
    expect(absence(sim, 0)).toEqual(['node-b unheard']);
    await sim.node(1).start();
    sim.run(2000);
    expect(absence(sim, 0)).toEqual([]);
  });

  test('is a silent node, for which silence alone speaks, for as long as that lasts', async () => {
    const sim = await started(2);
    sim.node(0).kill();
    sim.run(20_000);
    expect(absence(sim, 1)).toEqual(['node-a silent']);
    sim.run(200_000);
    expect(sim.publishers()).toEqual(['node-b']);
    expect(absence(sim, 1)).toEqual(['node-a silent']);
    await sim.node(0).start();
    sim.run(2000);
    expect(absence(sim, 1)).toEqual([]);
  });

  test('is gone once its death is agreed, or it said goodbye', async () => {
    const sim = await started(4);
    sim.node(0).kill();
    await sim.stop(sim.node(3));
    sim.run(10_000);
    expect(absence(sim, 1)).toEqual(['node-a gone', 'node-d gone']);
  });

  test('is silent for the smaller side of a partition, and gone for the larger', async () => {
    const sim = await started(3);
    sim.partition([0], [1, 2]);
    sim.run(10_000);
    expect(absence(sim, 0)).toEqual(['node-b silent', 'node-c silent']);
    expect(absence(sim, 1)).toEqual(['node-a gone']);
  });
});
