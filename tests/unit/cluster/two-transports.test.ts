import { describe, expect, test } from 'vitest';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES } from '../../support/simulation/cluster-config.js';
import { COSTLY, seeds } from '../../support/simulation/seeds.js';
import { examplePoints } from '../../support/simulation/example-points.js';
import { CLIENTS_PERIOD, PublishingCluster } from './publishing.js';

const S = 1000;
/** Some 22 s by the rule (second-transport.ts), and what lost datagrams cost. */
const AGREED_MS = 30 * S;
/** As long as silence alone takes to pass the lease on. */
const TAKE_OVER_MS = 118 * S;

/** Two nodes at the default settings, with WireGuard and Tor between them, for long enough to have tried both. */
const settled = async (seed: number, loss = 0.02): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({
    seed,
    nodes: 2,
    times: DEFAULT_TIMES,
    weather: { loss, longestDelayMs: 40 },
    tor: {},
  });
  await sim.startAll();
  sim.run(30 * S + sim.random.uniform() * 30 * S);
  expect(sim.publishers()).toEqual(['node-a']);
  return sim;
};

const cutTor = (sim: ClusterSimulation): void => {
  sim.tor?.cut(0, 1);
  sim.tor?.cut(1, 0);
};

/** What the survivor says of the evidence for the death of the other. */
const evidence = (sim: ClusterSimulation): unknown =>
  sim.node(1).logs.find(({ message }) => message.includes('declared DEAD'))?.fields?.['evidence'];

const absent = (sim: ClusterSimulation): readonly unknown[] => sim.node(1).role?.absent ?? [];

describe('a cluster of two with a second transport', () => {
  test.each(seeds(3))(
    'takes over from a publisher that died long before silence alone would do (seed %i)',
    async (seed) => {
      const sim = await settled(seed);
      sim.node(0).kill();
      sim.run(15 * S);
      expect(sim.node(1).peers[0]?.lifecycle).toBe('unhealthy');
      const took = sim.runUntil(() => sim.publishers().join() === 'node-b', AGREED_MS - 15 * S, 50);
      expect(took).not.toBeNull();
      expect(sim.node(1).points).toEqual([]);
      expect(evidence(sim)).toBe('it is heard by neither of two transports');
      // It may be this node that is cut off: its publisher looks at what stands before it replaces it.
      expect(absent(sim)).toEqual([{ id: 'node-a', how: 'silent' }]);
      await sim.node(0).start();
      const isMended = (): boolean => sim.agrees() && sim.pointsConverged() && absent(sim).length === 0;
      expect(sim.runUntil(isMended, 20 * S, 50)).not.toBeNull();
    },
  );

  test.each(seeds(2))('loses nobody when UDP alone is cut: Tor still hears (seed %i)', async (seed) => {
    const sim = await settled(seed);
    sim.partition([0], [1]);
    sim.run(150 * S);
    expect(sim.logged('declared DEAD')).toEqual([]);
    expect(sim.publishers()).toEqual(['node-a']);
    expect(sim.node(1).peers[0]?.transport).toBe('tor');
  });

  test('loses nobody when UDP is cut and Tor has to make its streams anew', async () => {
    const sim = await settled(1);
    sim.partition([0], [1]);
    cutTor(sim);
    sim.run(18 * S);
    sim.tor?.heal();
    sim.run(200 * S);
    expect(sim.logged('declared DEAD')).toEqual([]);
  });

  test('loses nobody when Tor alone is cut, and shows the tunnel as its transport', async () => {
    const sim = await settled(2);
    cutTor(sim);
    sim.run(600 * S);
    expect(sim.logged('declared DEAD')).toEqual([]);
    expect(sim.node(1).peers[0]?.transport).toBe('wireguard');
  });

  test('sends next to nothing over Tor while the tunnel works', async () => {
    const sim = await settled(3, 0);
    const before = sim.tor?.sent.datagrams ?? 0;
    sim.run(900 * S);
    // Each tries the other in five minutes, is answered, and hears for three seconds what would go by the tunnel.
    expect((sim.tor?.sent.datagrams ?? 0) - before).toBeLessThan(3 * 2 * 5);
  });
});

describe('what is no agreement in a cluster of two', () => {
  /** The publisher dies; the survivor waits as long as silence alone takes. */
  const waits = (sim: ClusterSimulation): void => {
    sim.node(0).kill();
    sim.run(100 * S);
    expect(sim.publishers()).toEqual([]);
    expect(evidence(sim)).toBe('silence');
    expect(
      sim.runUntil(() => sim.publishers().join() === 'node-b', TAKE_OVER_MS - 90 * S, 50),
    ).not.toBeNull();
  };

  test('a stand-in that did not carry of late', async () => {
    const sim = await settled(1);
    cutTor(sim);
    sim.run(600 * S);
    waits(sim);
  });

  test('a tunnel that was cut while Tor was heard', async () => {
    const sim = await settled(2);
    sim.partition([0], [1]);
    sim.run(20 * S);
    waits(sim);
  });

  test('the silence that a node with a transport down hears', async () => {
    const sim = await settled(3);
    sim.node(1).setTransport('wireguard', 'down');
    sim.run(5 * S);
    waits(sim);
  });

  test('the silence that a node hears whose Tor gets no answers, so that it has no introduction points', async () => {
    const sim = await settled(4);
    sim.partition([0], [1]);
    cutTor(sim);
    sim.run(8 * S);
    sim.node(1).tellPoints([]);
    sim.run(70 * S);
    sim.node(1).tellPoints(examplePoints('anew', 3));
    expect(evidence(sim)).toBe('silence');
    expect(sim.publishers()).toEqual(['node-a']);
    sim.network.heal();
    sim.tor?.heal();
    expect(sim.runUntil(() => sim.agrees() && sim.pointsConverged(), 20 * S, 50)).not.toBeNull();
    expect(sim.publishers()).toEqual(['node-a']);
  });

  test('the silence that a node hears whose own Tor is down', async () => {
    const sim = await settled(5);
    sim.node(0).kill();
    sim.node(1).tellTor(false);
    sim.run(100 * S);
    expect(evidence(sim)).toBe('silence');
  });

  test('the silence that a node hears which was late itself, before it has listened again for as long', async () => {
    const sim = await settled(6);
    sim.node(0).kill();
    sim.run(15 * S);
    sim.node(1).pause(2 * S);
    sim.run(13 * S);
    expect(sim.logged('declared DEAD')).toEqual([]);
    sim.run(10 * S);
    expect(evidence(sim)).toBe('silence');
    // The same evidence as ever, counted from when it was well again: it ends what is left of the graces.
    expect(sim.runUntil(() => sim.publishers().join() === 'node-b', 30 * S, 50)).not.toBeNull();
  });
});

describe('what two nodes with a second transport publish', () => {
  const begun = async (seed: number): Promise<PublishingCluster> => {
    const cluster = new PublishingCluster(seed, 2, DEFAULT_TIMES, 30, { hasTor: true });
    await cluster.start(0);
    await cluster.start(1);
    expect(await cluster.runUntil(() => cluster.served().length === 2, 20 * S)).not.toBeNull();
    await cluster.run(20 * S);
    return cluster;
  };

  test.each(seeds(2, COSTLY))(
    'is clean of a publisher that died, on every HSDir, within 40 s (seed %i)',
    async (seed) => {
      const cluster = await begun(seed);
      const fromMs = cluster.sim.nowMs;
      cluster.kill(0);
      const isClean = (): boolean =>
        cluster.uploads.some(({ atMs, points }) => atMs > fromMs && points === 3) &&
        cluster.served().join() === 'node-b';
      expect(await cluster.runUntil(isClean, 40 * S)).not.toBeNull();
    },
  );

  test.each(seeds(2, COSTLY))(
    'is one descriptor when all ways between them are cut, without a race of counters (seed %i)',
    async (seed) => {
      const cluster = await begun(seed);
      cluster.sim.partition([0], [1]);
      cutTor(cluster.sim);
      await cluster.run(90 * S);
      const fromMs = cluster.sim.nowMs;
      await cluster.run(90 * S);
      const sent = cluster.uploads.filter(
        ({ atMs, timePeriod }) => atMs > fromMs && timePeriod === CLIENTS_PERIOD,
      );
      expect(sent).toEqual([]);
      expect(cluster.served()).toHaveLength(1);
      cluster.sim.network.heal();
      cluster.sim.tor?.heal();
      expect(await cluster.runUntil(() => cluster.served().length === 2, 30 * S)).not.toBeNull();
    },
  );
});
