import { describe, expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import type { SimulationOptions } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES, QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { COSTLY, seeds } from '../../support/simulation/seeds.js';
import { watchOver } from '../../support/simulation/watched-node.js';

const MINUTE_MS = 60_000;
/** From a verdict to another's publishing: heartbeats go out at once, and the free lease is taken at once. */
const MOVED_WITHIN_MS = 5_000;
/** A better node gets the lease when it was ready for a whole one, at the end of a term; and some seconds to measure. */
const BACK_WITHIN_MS = 2 * DEFAULT_TIMES.leaseSecs * 1000 + 15_000;

/** Three nodes that measure each other's clocks and draw the consequences; the first of them publishes. */
const watched = (seed: number, options: Partial<SimulationOptions> = {}): Promise<ClusterSimulation> =>
  settled(new ClusterSimulation({ seed, nodes: 3, times: DEFAULT_TIMES, ...options }), true);

const settled = async (sim: ClusterSimulation, withHealth: boolean): Promise<ClusterSimulation> => {
  if (withHealth) for (const node of sim.nodes) watchOver(sim, node);
  await sim.startAll();
  expect(sim.runUntil(() => sim.agrees(), MINUTE_MS)).not.toBeNull();
  sim.run(MINUTE_MS);
  expect(sim.publishers()).toEqual(['node-a']);
  return sim;
};

/** Everybody that publishes within this time, in the order of the moments at which that changes. */
const terms = (sim: ClusterSimulation, ms: number): readonly string[] => {
  const seen: string[] = [];
  const untilMs = sim.nowMs + ms;
  while (sim.nowMs < untilMs) {
    sim.run(100);
    const now = sim.publishers().join('+');
    if (now !== seen.at(-1)) seen.push(now);
  }
  return seen;
};

describe('a publisher whose clock is wrong', () => {
  test.each([6_000, -50_000])(
    'by %i ms gives the lease away once, and has it back when its clock is right',
    async (skewMs) => {
      const sim = await watched(1);
      sim.node(0).skewMs = skewMs;
      expect(
        sim.runUntil(() => sim.agrees() && sim.publishers()[0] === 'node-b', MOVED_WITHIN_MS),
      ).not.toBeNull();
      expect(terms(sim, 10 * MINUTE_MS)).toEqual(['node-b']);
      sim.node(0).skewMs = 0;
      expect(sim.runUntil(() => sim.publishers()[0] === 'node-a', BACK_WITHIN_MS)).not.toBeNull();
      expect(terms(sim, 3 * MINUTE_MS)).toEqual(['node-a']);
    },
  );

  test('goes on as the only one that holds the master key', async () => {
    const sim = await watched(2, { withoutKey: [1, 2] });
    sim.node(0).skewMs = 6_000;
    expect(terms(sim, 5 * MINUTE_MS)).toEqual(['node-a']);
    expect(sim.node(0).health).toMatchObject({ fit: false, clockSane: true });
  });

  test('publishes while the only other holder of the key cannot, and no longer', async () => {
    const sim = await watched(3, { withoutKey: [2] });
    sim.node(0).skewMs = 6_000;
    sim.run(2 * MINUTE_MS);
    expect(sim.publishers()).toEqual(['node-b']);
    sim.node(1).tellTor(false);
    expect(sim.runUntil(() => sim.publishers()[0] === 'node-a', 10_000)).not.toBeNull();
    expect(terms(sim, 3 * MINUTE_MS)).toEqual(['node-a']);
    sim.node(1).tellTor(true);
    expect(sim.runUntil(() => sim.publishers()[0] === 'node-b', 10_000)).not.toBeNull();
    expect(terms(sim, 3 * MINUTE_MS)).toEqual(['node-b']);
  });

  test('publishes when all others have died, until one is back', async () => {
    const sim = await watched(4);
    sim.node(0).skewMs = 6_000;
    sim.run(2 * MINUTE_MS);
    sim.node(1).kill();
    sim.node(2).kill();
    expect(sim.runUntil(() => sim.publishers()[0] === 'node-a', 3 * MINUTE_MS)).not.toBeNull();
    await sim.node(2).start();
    await sim.node(1).start();
    expect(sim.runUntil(() => sim.agrees() && sim.publishers()[0] === 'node-b', MINUTE_MS)).not.toBeNull();
    expect(terms(sim, 3 * MINUTE_MS)).toEqual(['node-b']);
  });
});

describe('nodes of which none is fit to publish', () => {
  test.each(seeds(3, COSTLY))(
    'leave the lease where it is, whatever each is told (seed %i)',
    async (seed) => {
      const sim = await settled(new ClusterSimulation({ seed, nodes: 3, times: QUICK_TIMES }), false);
      for (const node of sim.nodes) node.tellFitness(false);
      sim.run(1000);
      const before = sim.publishers();
      for (let times = 0; times < 10; times++) {
        for (const node of sim.nodes) if (node.role?.role === 'publisher') node.order('not fit');
        expect(terms(sim, 5_000)).toEqual([before[0]]);
      }
    },
  );

  test('have one publisher, and only one, when it dies', async () => {
    const sim = await settled(new ClusterSimulation({ seed: 6, nodes: 3, times: QUICK_TIMES }), false);
    for (const node of sim.nodes) node.tellFitness(false);
    sim.run(1000);
    const [first] = sim.publishers();
    sim.nodes.find(({ spec }) => spec.id === first)?.kill();
    expect(sim.runUntil(() => sim.agrees(), 30_000)).not.toBeNull();
  });
});

test('a restarted election knows at once that its node is not fit', async () => {
  const sim = await settled(new ClusterSimulation({ seed: 7, nodes: 3, times: QUICK_TIMES }), false);
  sim.node(0).tellFitness(false);
  sim.run(5_000);
  expect(sim.publishers()).toEqual(['node-b']);
  for (let times = 0; times < 3; times++) {
    await sim.node(0).restart();
    expect(terms(sim, 1.5 * MINUTE_MS)).toEqual(['node-b']);
  }
});
