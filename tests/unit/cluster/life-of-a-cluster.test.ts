import { describe, expect, test } from 'vitest';
import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { MESSAGE_TYPE } from '@rustbalance/actors/election/wire/message-types.js';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import type { SimulationOptions } from '../../support/cluster-simulation.js';
import { DEFAULT_TIMES, QUICK_TIMES } from '../../support/simulation/cluster-config.js';
import { examplePoints } from '../../support/simulation/example-points.js';

const cluster = async (nodes: number, more: Partial<SimulationOptions> = {}): Promise<ClusterSimulation> => {
  const sim = new ClusterSimulation({ seed: 21, nodes, ...more });
  await sim.startAll();
  sim.run(4000);
  return sim;
};

const seen = (timePeriod: number, n: number) => ({ timePeriod: timePeriod as TimePeriodNumber, n });

describe('a cluster of one', () => {
  test('publishes within the first turn of its loop and sends nothing', async () => {
    const sim = new ClusterSimulation({ seed: 1, nodes: 1 });
    await sim.startAll();
    sim.run(1);
    expect(sim.node(0).role).toMatchObject({ role: 'publisher', publisher: 'node-a' });
    sim.run(600_000);
    expect(sim.network.sent.datagrams).toBe(0);
  });

  test('does not publish without a master key', async () => {
    const sim = await cluster(1, { withoutKey: [0] });
    expect(sim.node(0).role).toMatchObject({ role: 'standby', publisher: null });
  });

  test('keeps the lease when told to step down: nobody else could publish', async () => {
    const sim = await cluster(1);
    sim.node(0).order('a repair');
    sim.run(1000);
    expect(sim.publishers()).toEqual(['node-a']);
  });
});

describe('a cluster that starts', () => {
  test('elects the lowest priority number within a second', async () => {
    const sim = new ClusterSimulation({ seed: 2, nodes: 5 });
    for (const index of [4, 2, 0, 3, 1]) await sim.node(index).start();
    expect(sim.runUntil(() => sim.agrees(), 5000)).toBeLessThan(1000);
    expect(sim.publishers()).toEqual(['node-a']);
  });

  test('elects the first by priority even when another one’s Tor is up sooner', async () => {
    const sim = new ClusterSimulation({ seed: 2, nodes: 2 });
    sim.node(0).torUp = false;
    await sim.startAll();
    sim.run(1500);
    expect(sim.publishers()).toEqual(['node-a']);
    sim.node(0).tellTor(true);
    sim.run(60_000);
    expect(sim.publishers()).toEqual(['node-a']);
  });

  test('never lets a node without the master key claim, not even when it is the last', async () => {
    const sim = await cluster(3, { withoutKey: [0, 2] });
    expect(sim.publishers()).toEqual(['node-b']);
    sim.node(1).kill();
    sim.run(30_000);
    expect(sim.publishers()).toEqual([]);
  });

  test('of which only one node runs has the address up after three probes', async () => {
    const sim = new ClusterSimulation({ seed: 2, nodes: 3, times: DEFAULT_TIMES });
    await sim.node(2).start();
    const took = sim.runUntil(() => sim.publishers().length === 1, 10_000);
    expect(took).toBeGreaterThan(2900);
    expect(took).toBeLessThan(3200);
  });
});

describe('the lease', () => {
  test('stays with the survivor when a better node returns, and goes back to it within two terms', async () => {
    const sim = await cluster(2);
    sim.node(0).kill();
    sim.run(20_000);
    expect(sim.publishers()).toEqual(['node-b']);
    await sim.node(0).start();
    sim.run(40_000);
    expect(sim.agrees() && sim.publishers()[0] === 'node-b').toBe(true);
    sim.run(90_000);
    expect(sim.agrees() && sim.publishers()[0] === 'node-a').toBe(true);
  });

  test('is handed over when the publisher’s Tor stays down, and not for a moment’s absence', async () => {
    const sim = await cluster(2);
    sim.node(0).tellTor(false);
    sim.run(1500);
    sim.node(0).tellTor(true);
    sim.run(5000);
    expect(sim.publishers()).toEqual(['node-a']);
    sim.node(0).tellTor(false);
    expect(sim.runUntil(() => sim.publishers()[0] === 'node-b', 5000)).toBeLessThan(2600);
  });

  test('is handed over when the publisher has waited in vain for longer than a take-over takes', async () => {
    const sim = await cluster(2, { times: QUICK_TIMES });
    sim.node(0).tellPublisher('waiting');
    expect(sim.runUntil(() => sim.publishers()[0] === 'node-b', 10_000)).toBeLessThan(5200);
  });

  test('moves to another node by an order to step down', async () => {
    const sim = await cluster(3);
    sim.node(0).order('a repair');
    expect(sim.runUntil(() => sim.agrees() && sim.publishers()[0] === 'node-b', 3000)).toBeLessThan(500);
  });

  test('is taken up again by a publisher whose actor was restarted, without another one in between', async () => {
    const sim = await cluster(3);
    sim.node(0).kill();
    await sim.node(0).start();
    sim.run(5000);
    expect(sim.publishers()).toEqual(['node-a']);
    for (const index of [1, 2]) {
      const roles = sim.node(index).logs.filter(({ message }) => message.includes('publisher now'));
      expect(roles.map(({ message }) => message)).toEqual(['Peer node-a is the publisher now']);
    }
  });
});

describe('introduction points', () => {
  test('of a peer are known to all within a round trip of their change', async () => {
    const sim = await cluster(3);
    sim.node(1).tellPoints(examplePoints('rotated', 10));
    expect(sim.runUntil(() => sim.pointsConverged(), 2000, 1)).toBeLessThan(30);
  });

  test('arrive through a loss of every second datagram', async () => {
    const sim = await cluster(2, { weather: { loss: 0.5 } });
    sim.node(1).tellPoints(examplePoints('rotated', 20));
    expect(sim.runUntil(() => sim.pointsConverged(), 15_000)).not.toBeNull();
  });

  test('are told whole after a restart of the actor, never poorer than they were', async () => {
    const sim = await cluster(4, { weather: { loss: 0.3 } });
    expect(sim.runUntil(() => sim.pointsConverged(), 20_000)).not.toBeNull();
    const node = sim.node(0);
    let fewest = 3;
    for (let restart = 0; restart < 5; restart++) {
      node.kill();
      await node.start();
      for (let step = 0; step < 300; step++) {
        sim.run(10);
        fewest = Math.min(fewest, node.points.length);
      }
    }
    expect(fewest).toBe(3);
    expect(sim.pointsConverged()).toBe(true);
  });

  test('of a peer that was cut off and came back are asked for at once, not at its next heartbeat', async () => {
    const sim = await cluster(3, { times: DEFAULT_TIMES });
    sim.partition([0, 1], [2]);
    sim.run(8000);
    expect(sim.node(0).points.map(({ node }) => node)).toEqual(['node-b']);
    sim.network.heal();
    const send = sim.network.send.bind(sim.network);
    sim.network.send = (from, to, bytes) => {
      if (bytes[1] !== MESSAGE_TYPE.heartbeat) send(from, to, bytes);
    };
    expect(sim.runUntil(() => sim.node(0).points.length === 2, 9000)).toBeLessThan(2500);
  });

  test('of a node that says goodbye leave at once', async () => {
    const sim = await cluster(2, { times: DEFAULT_TIMES });
    await sim.stop(sim.node(1));
    sim.run(20);
    expect(sim.node(0).points).toEqual([]);
    expect(sim.node(0).peers[0]?.lifecycle).toBe('dead');
    sim.run(100_000);
    expect(sim.node(0).points).toEqual([]);
  });
});

describe('a node that stands still', () => {
  test('does not hold the time in which it could not listen against its peers', async () => {
    const sim = await cluster(2);
    sim.network.cut(1, 0);
    sim.node(0).pause(6000);
    sim.run(5990);
    sim.network.heal();
    sim.run(5000);
    expect(sim.node(0).logs.filter(({ message }) => message.includes('DEAD'))).toEqual([]);
  });

  test('does not take a dead peer for living when it wakes', async () => {
    const sim = await cluster(3, { times: DEFAULT_TIMES });
    sim.node(2).kill();
    sim.run(6000);
    expect(sim.logged('declared DEAD')).toHaveLength(2);
    sim.node(0).pause(2000);
    sim.run(8000);
    expect(sim.logged('came back')).toEqual([]);
  });
});

describe('a goodbye', () => {
  test('holds against datagrams of the same run that arrive late', async () => {
    const sim = await cluster(2);
    const late: Uint8Array[] = [];
    const send = sim.network.send.bind(sim.network);
    sim.network.send = (from, to, bytes) => {
      if (from === 1 && late.length < 5) late.push(bytes);
      else send(from, to, bytes);
    };
    sim.run(1500);
    await sim.stop(sim.node(1));
    sim.run(50);
    expect(sim.node(0).peers[0]?.lifecycle).toBe('dead');
    expect(late).toHaveLength(5);
    for (const bytes of late) sim.node(0).receive(bytes);
    sim.run(50);
    // Two of them are the repeated goodbyes.
    expect(sim.node(0).inspect()['datagramsRefused']).toMatchObject({ left: 7 });
    expect(sim.node(0).peers[0]?.lifecycle).toBe('dead');
  });

  test('of a publisher comes with the release of its lease', async () => {
    const sim = await cluster(2);
    const types: number[] = [];
    const send = sim.network.send.bind(sim.network);
    sim.network.send = (from, to, bytes) => {
      if (from === 0) types.push(bytes[1] ?? 0);
      send(from, to, bytes);
    };
    await sim.stop(sim.node(0));
    expect(types.slice(-4)).toEqual([
      MESSAGE_TYPE['lease-release'],
      MESSAGE_TYPE.goodbye,
      MESSAGE_TYPE.goodbye,
      MESSAGE_TYPE.goodbye,
    ]);
  });
});

describe('counters', () => {
  test('of the publisher are known to all at once, and raise no alarm when they are old', async () => {
    const sim = await cluster(3);
    sim.node(0).tellCounters([seen(19_000, 4000), seen(19_001, 10)]);
    sim.run(100);
    expect(sim.node(2).counters).toEqual([seen(19_000, 4000), seen(19_001, 10)]);
    sim.node(1).tellCounters([seen(19_000, 3000), seen(19_001, 11)]);
    sim.run(100);
    for (const node of sim.nodes) expect(node.counters).toEqual([seen(19_000, 4000), seen(19_001, 11)]);
  });

  test('whose heartbeat is lost are sent again as soon as a probe tells of it, not at the next heartbeat', async () => {
    const sim = await cluster(2, { times: DEFAULT_TIMES });
    sim.run(10_000);
    const send = sim.network.send.bind(sim.network);
    sim.network.send = (from, to, bytes) => {
      if (bytes[1] !== MESSAGE_TYPE.heartbeat) send(from, to, bytes);
    };
    sim.node(0).tellCounters([seen(19_000, 4000)]);
    sim.run(500);
    sim.network.send = send;
    expect(sim.runUntil(() => sim.node(1).counters.length === 1, 9000)).toBeLessThan(1600);
  });

  test('come back to a node that was restarted without its memory', async () => {
    const sim = await cluster(2);
    sim.node(0).tellCounters([seen(19_000, 4000)]);
    sim.run(1000);
    sim.node(0).ownCounters = [];
    sim.node(0).kill();
    await sim.node(0).start();
    sim.run(1000);
    expect(sim.node(0).counters).toEqual([seen(19_000, 4000)]);
  });
});

describe('the log of a peer’s death and return', () => {
  test('says what operators know from the manual', async () => {
    const sim = await cluster(2, { times: DEFAULT_TIMES });
    sim.node(1).kill();
    sim.run(61_000);
    await sim.node(1).start();
    sim.run(5000);
    const lines = sim
      .node(0)
      .logs.filter(({ level }) => level !== 'debug')
      .map(({ level, message }) => `[${level.toUpperCase()}] ${message}`);
    expect(lines).toEqual([
      '[INFO] This node is the publisher now',
      '[INFO] Peer node-b missed 1 heartbeat, 2 more until dead',
      '[INFO] Peer node-b missed 2 heartbeats, 1 more until dead',
      '[WARN] Peer node-b declared DEAD, removing 3 intro points',
      '[INFO] Peer node-b came back! Adding to mesh',
      '[INFO] Re-fetching intro points from recovered peer',
    ]);
  });
});

describe('what a peer looks like', () => {
  test('goes from joining over initializing to healthy, and from unhealthy to dead', async () => {
    const sim = new ClusterSimulation({ seed: 3, nodes: 2, points: 0 });
    await sim.node(0).start();
    sim.run(1000);
    const lifecycle = (): string | undefined => sim.node(0).peers[0]?.lifecycle;
    expect(lifecycle()).toBe('joining');
    await sim.node(1).start();
    sim.run(1000);
    expect(lifecycle()).toBe('initializing');
    sim.node(1).tellPoints(examplePoints('b', 3));
    sim.run(1000);
    expect(lifecycle()).toBe('healthy');
    expect(sim.node(0).peers[0]).toMatchObject({
      priority: 2,
      role: 'standby',
      transport: 'direct',
      introPoints: 3,
    });
    sim.node(1).kill();
    sim.run(2900);
    expect(lifecycle()).toBe('unhealthy');
    sim.run(1500);
    expect(lifecycle()).toBe('dead');
  });
});

describe('traffic', () => {
  test('of a quiet cluster of three is a probe and an answer a second and a heartbeat in ten, below 500 bytes/s a node', async () => {
    const sim = await cluster(3, { times: DEFAULT_TIMES });
    sim.run(20_000);
    const before = sim.network.sent;
    sim.run(100_000);
    const { datagrams, bytes } = sim.network.sent;
    // Six ordered pairs: a probe and an answer each second, a heartbeat in ten.
    expect((datagrams - before.datagrams) / 6).toBeGreaterThan(195);
    expect((datagrams - before.datagrams) / 6).toBeLessThan(225);
    expect((bytes - before.bytes) / 3 / 100).toBeLessThan(500);
  });
});
