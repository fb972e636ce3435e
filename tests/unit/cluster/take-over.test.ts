import { describe, expect, test } from 'vitest';
import { ClusterSimulation, nodeName } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES, QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import type { ClusterTimes } from '../../support/simulation/cluster-config.js';
import { limitFor, seeds } from '../../support/simulation/seeds.js';

const SEEDS = seeds(6);
const LIMIT_MS = limitFor(SEEDS);

const WEATHER = { loss: 0.02, longestDelayMs: 40 };

const settled = async (seed: number, nodes: number, times: ClusterTimes): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({ seed, nodes, times, weather: WEATHER });
  await sim.startAll();
  sim.run(4000 + sim.random.uniform() * 2000);
  expect(sim.publishers(), `seed ${seed}`).toEqual(['node-a']);
  return sim;
};

/** The dead node's points are out of what the new publisher will publish. */
const cleanTakeOver = (sim: ClusterSimulation, dead: number): boolean => {
  const [publisher] = sim.publishers();
  const node = sim.nodes.find(({ spec }) => spec.id === publisher);
  return node !== undefined && node.points.every(({ node: id }) => id !== nodeName(dead));
};

const timed = async (nodes: number, times: ClusterTimes, end: 'kill' | 'stop', limitMs: number) => {
  const took: number[] = [];
  for (const seed of SEEDS) {
    const sim = await settled(seed, nodes, times);
    const startMs = sim.nowMs;
    if (end === 'kill') sim.node(0).kill();
    else await sim.stop(sim.node(0));
    const found = sim.runUntil(() => cleanTakeOver(sim, 0), limitMs, 10);
    expect(found, `seed ${seed}`).not.toBeNull();
    took.push(sim.nowMs - startMs);
  }
  took.sort((a, b) => a - b);
  const quantile = (part: number): number => took[Math.min(took.length - 1, Math.floor(part * took.length))]!;
  if (process.env['RB_SIMULATION_FIGURES'] !== undefined) {
    console.log(
      `${nodes} nodes, ${end}: p50 ${quantile(0.5)} ms, p95 ${quantile(0.95)} ms of ${took.length}`,
    );
  }
  return quantile(0.95);
};

describe(
  'the time from the end of a publisher to another one with clean introduction points',
  { timeout: LIMIT_MS },
  () => {
    test('killed, two nodes, heartbeat 1 s, timeout 3 s, graces 2 s: within 6 s', async () => {
      expect(await timed(2, QUICK_TIMES, 'kill', 10_000)).toBeLessThan(6000);
    });

    test('killed, three nodes, the same settings: within 6 s', async () => {
      expect(await timed(3, QUICK_TIMES, 'kill', 10_000)).toBeLessThan(6000);
    });

    test('killed, three nodes, default settings: within 6 s, by agreed death', async () => {
      expect(await timed(3, DEFAULT_TIMES, 'kill', 20_000)).toBeLessThan(6000);
    });

    test('stopped in good order, three nodes, default settings: within half a second', async () => {
      expect(await timed(3, DEFAULT_TIMES, 'stop', 20_000)).toBeLessThan(500);
    });

    test('killed, two nodes, default settings: the removal after 60 s, the take-over after 120 s', async () => {
      const sim = await settled(1, 2, DEFAULT_TIMES);
      const killedAtMs = sim.nowMs;
      sim.node(0).kill();
      const removed = sim.runUntil(() => sim.node(1).points.length === 0, 200_000, 50);
      expect(removed).toBeGreaterThan(58_000);
      expect(removed).toBeLessThan(62_000);
      expect(sim.publishers()).toEqual([]);
      expect(sim.runUntil(() => sim.publishers().length === 1, 200_000, 50)).not.toBeNull();
      expect(sim.publishers()).toEqual(['node-b']);
      const tookOver = sim.nowMs - killedAtMs;
      expect(tookOver).toBeGreaterThan(116_000);
      expect(tookOver).toBeLessThan(122_000);
    });
  },
);
