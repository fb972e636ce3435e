import { expect, test } from 'vitest';
import { ClusterSimulation, nodeName } from '../../support/cluster-simulation.js';
import { QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { seeds } from '../../support/simulation/seeds.js';

const settled = async (seed: number): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({
    seed,
    nodes: 3,
    times: QUICK_TIMES,
    weather: { loss: 0.02, longestDelayMs: 40 },
  });
  await sim.startAll();
  sim.run(6000);
  expect(sim.publishers()).toEqual(['node-a']);
  return sim;
};

test.each(seeds(5))(
  'a standby whose election is reset listens again, and finds the same publisher (seed %i)',
  async (seed) => {
    const sim = await settled(seed);
    sim.node(1).reset();
    sim.node(2).reset();
    for (let step = 0; step < 100; step++) {
      sim.run(100);
      expect(sim.publishers()).toEqual(['node-a']);
    }
    expect(sim.node(1).state()).toBe('standby');
  },
);

test('a publisher goes on, whatever is ordered', async () => {
  const sim = await settled(1);
  sim.node(0).reset();
  sim.run(3000);
  expect(sim.publishers()).toEqual(['node-a']);
});

test.each(seeds(5))(
  'reset when the publisher is dead, the others still elect one and only one (seed %i)',
  async (seed) => {
    const sim = await settled(seed);
    sim.node(0).kill();
    sim.node(1).reset();
    sim.node(2).reset();
    const found = sim.runUntil(() => sim.publishers().length === 1, 20_000, 50);
    expect(found).not.toBeNull();
    sim.run(5000);
    expect(sim.publishers()).toEqual(['node-b']);
  },
);

test('reconnecting a peer that is silent or well costs nothing, and it is heard when it is back', async () => {
  const sim = await settled(3);
  sim.node(1).reconnect(nodeName(0));
  sim.run(3000);
  expect(sim.publishers()).toEqual(['node-a']);
  sim.node(2).kill();
  sim.run(5000);
  for (let times = 0; times < 5; times++) {
    sim.node(0).reconnect(nodeName(2));
    sim.run(1000);
  }
  expect(sim.publishers()).toEqual(['node-a']);
  await sim.node(2).start();
  const back = sim.runUntil(() => sim.node(0).points.some(({ node }) => node === nodeName(2)), 20_000, 50);
  expect(back).not.toBeNull();
});
