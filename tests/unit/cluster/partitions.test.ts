import { describe, expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES } from '../../support/simulation/cluster-config.js';
import { seeds } from '../../support/simulation/seeds.js';

const settled = async (seed: number, nodes: number): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({ seed, nodes, times: DEFAULT_TIMES, weather: { loss: 0.02 } });
  await sim.startAll();
  sim.run(5000);
  expect(sim.agrees() && sim.pointsConverged()).toBe(true);
  return sim;
};

const TWO_HEARTBEATS_MS = 2 * DEFAULT_TIMES.heartbeatSecs * 1000;

describe('a partition', () => {
  test.each(seeds(5))('leaves one publisher within two heartbeats of its end (seed %i)', async (seed) => {
    const nodes = 3 + (seed % 3);
    const sim = await settled(seed, nodes);
    const left = Array.from({ length: nodes }, (_, index) => index).filter(
      (index) => ((seed >> (index % 5)) & 1) === (index === 0 ? 1 : 0) || index === 0,
    );
    const right = Array.from({ length: nodes }, (_, index) => index).filter((index) => !left.includes(index));
    sim.partition(left, right);
    sim.run(10_000 + 5000 * (seed % 7));
    sim.network.heal();
    expect(sim.runUntil(() => sim.agrees() && sim.pointsConverged(), TWO_HEARTBEATS_MS, 50)).not.toBeNull();
  });

  test('of which each side has two nodes or more has a publisher on each side meanwhile', async () => {
    const sim = await settled(3, 5);
    sim.partition([0, 1], [2, 3, 4]);
    expect(sim.runUntil(() => sim.publishers().length === 2, 10_000)).not.toBeNull();
    expect(sim.publishers()).toEqual(['node-a', 'node-c']);
    // Those who cannot reach the other side agree among themselves that it is dead, and drop its points at once.
    expect(
      sim.runUntil(
        () => sim.node(3).points.every(({ node }) => node === 'node-c' || node === 'node-e'),
        10_000,
      ),
    ).not.toBeNull();
  });

  test('that is healed is won by the side that sees more introduction points, against priority', async () => {
    const sim = await settled(5, 5);
    sim.partition([0, 1], [2, 3, 4]);
    // Longer than silence and grace: the smaller side has dropped the points of the larger one by then.
    sim.run(70_000);
    sim.node(0).tellPoints([]);
    sim.run(1000);
    const before = sim.publishers();
    sim.network.heal();
    expect(before).toEqual(['node-a', 'node-c']);
    expect(sim.runUntil(() => sim.agrees(), TWO_HEARTBEATS_MS)).not.toBeNull();
    expect(sim.publishers()).toEqual(['node-c']);
  });

  test('in one direction between two of three kills nobody, because the third hears both', async () => {
    const sim = await settled(7, 3);
    sim.network.cut(0, 1);
    sim.run(100_000);
    expect(sim.logged('declared DEAD')).toEqual([]);
    expect(sim.publishers()).toEqual(['node-a']);
    const seen = sim.node(1).peers.find(({ id }) => id === 'node-a');
    expect(seen?.lifecycle).toBe('unhealthy');
  });
});
