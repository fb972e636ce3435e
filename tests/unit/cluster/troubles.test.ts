import { describe, expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES, QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { seeds } from '../../support/simulation/seeds.js';
import { endOfTroubles, trouble } from '../../support/simulation/troubles.js';

const ROUGH_WEATHER = {
  loss: 0.05,
  duplication: 0.05,
  longestDelayMs: 80,
  keptBack: 0.02,
  keptBackMs: 3000,
  replaysPerSecond: 20,
};

/** Two heartbeats at the default interval; with the weather at its worst all of it is needed once in ten thousand. */
const MENDED_WITHIN_MS = 20_000;

describe('a cluster after random troubles, in weather that loses, doubles, delays, reorders and replays', () => {
  test.each(seeds(20))(
    'has one publisher known to all, and everybody’s introduction points everywhere (seed %i)',
    async (seed) => {
      const times = seed % 2 === 0 ? DEFAULT_TIMES : QUICK_TIMES;
      const sim = new ClusterSimulation({ seed, nodes: 2 + (seed % 4), times, weather: ROUGH_WEATHER });
      await sim.startAll();
      const story: string[] = [];
      for (let count = 0; count < 8; count++) {
        sim.run(300 + sim.random.uniform() * 2500);
        story.push(await trouble(sim));
      }
      sim.run(4000);
      await endOfTroubles(sim);
      const took = sim.runUntil(() => sim.agrees() && sim.pointsConverged(), MENDED_WITHIN_MS, 50);
      expect(took, `seed ${seed}\n${story.join('\n')}`).not.toBeNull();
      expect(sim.publishers()).toHaveLength(1);
    },
  );
});
