import { describe, expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES, QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { seeds } from '../../support/simulation/seeds.js';

/** Simulated seconds of each run; a day is RB_SIMULATION_SECONDS=86400. */
const SECONDS = Number(process.env['RB_SIMULATION_SECONDS'] ?? 15);
const LIMIT_MS = 10_000 + SECONDS * 5000;

describe('with 5 % loss, pauses of 2 s and clocks up to 3 s apart', () => {
  test.each(seeds(1))(
    'ten nodes at the default settings never take a live one for dead (seed %i)',
    async (seed) => {
      const sim = new ClusterSimulation({
        seed,
        nodes: 10,
        times: DEFAULT_TIMES,
        weather: { loss: 0.05, longestDelayMs: 60 },
      });
      for (const node of sim.nodes) node.skewMs = 6000 * (sim.random.uniform() - 0.5);
      await sim.startAll();
      for (let second = 0; second < SECONDS; second += 5) {
        sim.run(5000);
        sim.node(Math.floor(sim.random.uniform() * 10)).pause(2000);
      }
      sim.run(10_000);
      expect(sim.logged('declared DEAD')).toEqual([]);
      expect(sim.agrees() && sim.pointsConverged()).toBe(true);
    },
    LIMIT_MS,
  );

  test.each(seeds(2))(
    'two nodes at the quickest settings never take a live one for dead (seed %i)',
    async (seed) => {
      const times = { ...QUICK_TIMES, timeoutSecs: 5, deadThreshold: 5 };
      const sim = new ClusterSimulation({
        seed,
        nodes: 2,
        times,
        weather: { loss: 0.05, longestDelayMs: 60 },
      });
      await sim.startAll();
      for (let second = 0; second < SECONDS; second += 5) {
        sim.run(5000);
        sim.node(Math.floor(sim.random.uniform() * 2)).pause(2000);
      }
      sim.run(10_000);
      expect(sim.logged('declared DEAD')).toEqual([]);
    },
    LIMIT_MS,
  );
});
