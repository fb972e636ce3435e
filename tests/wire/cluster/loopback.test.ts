import { afterEach, describe, expect, test } from 'vitest';
import { electionActor } from '@rustbalance/actors/election/actor.js';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { loopbackCluster } from '../../support/loopback-cluster.js';
import type { LoopbackNode } from '../../support/loopback-cluster.js';
import { examplePoints } from '../../support/simulation/example-points.js';

const PATIENCE = { timeoutMs: 20_000, everyMs: 10 };

let cluster: readonly LoopbackNode[] = [];
afterEach(async () => {
  await Promise.all(cluster.map((node) => node.harness.stopAll()));
  cluster = [];
});

const started = async (count: number): Promise<readonly LoopbackNode[]> => {
  cluster = await loopbackCluster(count);
  await Promise.all(cluster.map((node) => node.start()));
  await eventually(
    'the first node publishes and all have everybody’s points',
    () => settled(cluster),
    PATIENCE,
  );
  return cluster;
};

const settled = (nodes: readonly LoopbackNode[]): boolean =>
  nodes.filter(({ isPublisher }) => isPublisher).length === 1 &&
  new Set(nodes.map(({ publisher }) => publisher)).size === 1 &&
  nodes.every((node) => Object.keys(node.held()).length === nodes.length - 1);

/** What a node's other actors are told from now on of who publishes, and with how many points of others. */
const rolesTold = async ({ harness }: LoopbackNode) => {
  const publishers: unknown[] = [];
  const points: number[] = [];
  await harness.start({
    name: 'health',
    start: () =>
      Promise.resolve({
        handlers: {
          'election.role': ({ publisher }) => publishers.push(publisher),
          'election.introduction-points': ({ nodes }) =>
            points.push(nodes.reduce((sum, node) => sum + node.points.length, 0)),
          'health.history': () => Promise.resolve({ entries: [] }),
        },
        alive: () => true,
        inspect: () => ({ state: 'a test', context: {} }),
        stop: () => Promise.resolve(),
      }),
  });
  return { publishers: () => publishers, fewestPoints: () => Math.min(...points) };
};

describe.each([2, 3])('%i nodes over real sockets on loopback', (count) => {
  test('elect the lowest priority and exchange their introduction points', async () => {
    const nodes = await started(count);
    expect(nodes[0]!.isPublisher).toBe(true);
    for (const node of nodes) expect(Object.values(node.held()).every((points) => points === 3)).toBe(true);
    const peer = await eventually(
      'the second holds the first for healthy and for the publisher',
      () =>
        nodes[1]!.harness
          .fact('election.peers')
          ?.peers.find(({ lifecycle, role }) => lifecycle === 'healthy' && role === 'publisher'),
      PATIENCE,
    );
    expect(peer).toMatchObject({ id: 'node-a', transport: 'direct' });
    expect(Math.abs(peer.clockOffsetSecs!)).toBeLessThan(1);
  });

  test('tell each other of changed introduction points at once, and the set arrives byte for byte', async () => {
    const nodes = await started(count);
    const changed = examplePoints('after the rotation', 10);
    const startMs = performance.now();
    const held = measuring('introduction points of a node change: the publisher holds the new ones');
    nodes[1]!.tellPoints(changed);
    const sent = changed.map(({ authKey }) => Buffer.from(authKey).toString('hex')).sort();
    await eventually(
      'the publisher holds the ten new points',
      () => nodes[0]!.held()['node-b'] === 10,
      PATIENCE,
    );
    held();
    expect(performance.now() - startMs).toBeLessThan(3000);
    const got = nodes[0]!.harness
      .fact('election.introduction-points')!
      .nodes.find(({ node }) => node === 'node-b')!;
    expect(got.points.map(({ authKey }) => Buffer.from(authKey).toString('hex')).sort()).toEqual(sent);
    expect(got.points.every(({ linkSpecifiers }) => linkSpecifiers.length === 3)).toBe(true);
    expect(got).toMatchObject({ create2Formats: [2], flowControl: '1-2 31' });
  });

  test('survive the kill of the publisher, whose points leave; it comes back without taking the lease', async () => {
    const nodes = await started(count);
    const taken = measuring(
      `the publisher of ${String(count)} nodes is killed (heartbeat 0.5 s): the next publishes`,
    );
    nodes[0]!.kill();
    const rest = nodes.slice(1);
    await eventually('the next publishes without the dead one’s points', () => settled(rest), PATIENCE);
    taken();
    expect(rest[0]!.isPublisher).toBe(true);
    expect(rest[0]!.harness.logs.map(({ message }) => message)).toContain(
      'Peer node-a declared DEAD, removing 3 intro points',
    );
    const member = measuring('a node that was dead starts again: a member, points exchanged');
    await nodes[0]!.start();
    await eventually('the returned one is a member again', () => settled(nodes), PATIENCE);
    member();
    expect(nodes[1]!.isPublisher).toBe(true);
  });

  test('hand over at once when the publisher stops in good order', async () => {
    const nodes = await started(count);
    const startMs = performance.now();
    const over = measuring(`the publisher of ${String(count)} nodes stops in order: the next publishes`);
    await nodes[0]!.harness.stopAll();
    const rest = nodes.slice(1);
    await eventually('the next publishes without the left one’s points', () => settled(rest), PATIENCE);
    over();
    expect(performance.now() - startMs).toBeLessThan(1500);
    expect(rest[0]!.harness.logs.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  test('are one cluster with one publisher again after all were killed and started at once', async () => {
    const nodes = await started(count);
    for (const node of nodes) node.kill();
    const whole = measuring(
      `all of ${String(count)} nodes are killed at once and started: one publisher, points exchanged`,
    );
    await Promise.all(nodes.map((node) => node.start()));
    // What was known of before does not count.
    const hasElected = ({ harness }: LoopbackNode): boolean =>
      ['publisher', 'standby'].includes(String(harness.inspect('election')?.state));
    await eventually('one cluster', () => nodes.every(hasElected) && settled(nodes), PATIENCE);
    whole();
    expect(nodes[0]!.isPublisher).toBe(true);
  });

  test('keep the publisher, and hear no goodbye of it, when a reload replaces its ElectionActor', async () => {
    const nodes = await started(count);
    const [first, ...others] = nodes;
    const told = await Promise.all(others.map((node) => rolesTold(node)));
    await first!.harness.stop('election', 1000, 'replace');
    await first!.harness.start(electionActor);
    await eventually(
      'the next incarnation publishes',
      () => first!.harness.inspect('election')?.state === 'publisher',
      PATIENCE,
    );
    await eventually('it has the points of the others', () => settled(nodes), PATIENCE);
    for (const { publishers, fewestPoints } of told) {
      expect(new Set(publishers())).toEqual(new Set(['node-a']));
      expect(fewestPoints()).toBe(3 * (count - 1));
    }
    const messages = others.flatMap(({ harness }) => harness.logs.map(({ message }) => message));
    expect(messages.filter((message) => /node-a said goodbye|DEAD/.test(message))).toEqual([]);
  });

  test('keep the publisher when only its ElectionActor is restarted', async () => {
    const nodes = await started(count);
    const [first] = nodes;
    first!.harness.forget('election');
    await first!.harness.start(electionActor);
    await eventually(
      'the restarted actor publishes again',
      () => first!.harness.inspect('election')?.state === 'publisher',
      PATIENCE,
    );
    expect(nodes.slice(1).every(({ publisher }) => publisher === 'node-a')).toBe(true);
    await eventually('it has the points of the others', () => settled(nodes), PATIENCE);
  });
});

test('Nobody publishes once the only node with the master key is killed, whatever is ordered, until it is back', async () => {
  cluster = await loopbackCluster(3, { hasMasterKey: (index) => index === 0 });
  const [holder, ...rest] = cluster;
  await Promise.all(cluster.map((node) => node.start()));
  await eventually('it publishes', () => settled(cluster), PATIENCE);
  holder!.kill();
  await eventually('nobody does', () => rest.every(({ publisher }) => publisher === null), PATIENCE);
  for (const { harness } of rest) harness.order('election.reset', { reason: 'nobody publishes' });
  const back = measuring(
    'nobody publishes, for want of the only key: the node that holds it starts, and publishes',
  );
  await holder!.start();
  await eventually('it publishes again', () => holder!.isPublisher && settled(cluster), PATIENCE);
  back();
  expect(rest.some(({ isPublisher }) => isPublisher)).toBe(false);
});

test('A node with another cluster token is heard by nobody, and each side is told why', async () => {
  cluster = await loopbackCluster(2, { token: (index) => `token ${index}` });
  await Promise.all(cluster.map((node) => node.start()));
  await eventually('both publish alone', () => cluster.every(({ isPublisher }) => isPublisher), PATIENCE);
  await eventually(
    'both have warned',
    () =>
      cluster.every(({ harness }) =>
        harness.logs.some(({ error }) => error?.code === 'cluster.foreign-datagrams'),
      ),
    PATIENCE,
  );
  expect(cluster.flatMap((node) => Object.keys(node.held()))).toEqual([]);
});
