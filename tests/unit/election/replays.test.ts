import { expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { seeds } from '../../support/simulation/seeds.js';

test.each(seeds(1))('No datagram is accepted twice by one run of a node (seed %i)', async (seed) => {
  const sim = new ClusterSimulation({
    seed,
    nodes: 3,
    weather: { loss: 0.05, duplication: 0.2, longestDelayMs: 300, replaysPerSecond: 100 },
  });
  const accepted = new Set<string>();
  const doubled: string[] = [];
  for (const node of sim.nodes) {
    const receive = node.receive.bind(node);
    const refused = (): number =>
      Object.values((node.inspect()['datagramsRefused'] ?? {}) as Record<string, number>).reduce(
        (sum, count) => sum + count,
        0,
      );
    node.receive = (bytes) => {
      const before = refused();
      receive(bytes);
      if (refused() !== before) return;
      // Header and nonce name a datagram.
      const name = `${node.spec.id} ${Buffer.from(bytes.subarray(0, 66)).toString('hex')}`;
      if (accepted.has(name)) doubled.push(name);
      accepted.add(name);
    };
  }
  await sim.startAll();
  sim.run(15_000);
  expect(accepted.size).toBeGreaterThan(200);
  expect(doubled).toEqual([]);
});
