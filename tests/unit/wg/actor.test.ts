import { PairAgreements } from '@rustbalance/actors/wg/agreements.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { describe, expect, test } from 'vitest';
import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '@rustbalance/actors/election/messages.js';
import { clusterSecret, type JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { Payload } from '@rustbalance/actors/kernel/messages.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import type { TorStatus } from '@rustbalance/actors/tor/messages.js';
import { Doors } from '@rustbalance/actors/wg/coordination.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { errorLine } from '@rustbalance/actors/kernel/errors.js';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { wgActor, wgActorWith } from '@rustbalance/actors/wg/actor.js';
import type { OpenUdp, UdpEvents } from '@rustbalance/actors/wg/udp-socket.js';
import { HarnessNode } from '../../support/actor-harness.js';
import { eventually } from '../../support/eventually.js';
import {
  MASTER_ADDRESS,
  QUICK_TIMES,
  exampleSeed,
  nodeConfig,
  nodeSecrets,
} from '../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../support/simulation/cluster-config.js';

const spec = (index: number): NodeSpec => ({
  id: `node-${index}` as NodeId,
  seed: exampleSeed(index),
  priority: index,
  address: `10.0.0.${index}:7001`,
  hasMasterKey: true,
});
const [one, two] = [spec(1), spec(2)];
const config = nodeConfig(one, [one, two], QUICK_TIMES);

const direct = (change: Partial<Config['direct']>): Config => ({
  ...config,
  direct: { ...config.direct, ...change },
});
const peerAt = (address: string): Config =>
  direct({ peers: config.direct.peers.map((peer) => ({ ...peer, address })) });
const mode = (name: 'wireguard' | 'tor'): Config => ({
  ...config,
  coordination: { ...config.coordination, mode: name },
});

const harness = (given: Config): HarnessNode => new HarnessNode({ config: given, secrets: nodeSecrets(one) });

describe('a WgActor', () => {
  test.each([
    ['mode wireguard but no key for it', 'wireguard.secret-missing', mode('wireguard')],
    ['peers but no address of its own', 'config.listen-missing', direct({ listen: '' })],
    ['a listen address that is none', 'config.bad-endpoint', direct({ listen: '300.0.0.1:7001' })],
    ['a port beyond 65535', 'config.bad-endpoint', peerAt('10.0.0.2:70000')],
    ['port 0', 'config.bad-endpoint', peerAt('10.0.0.2:0')],
    ['a peer at the wildcard address', 'transport.bad-endpoint', peerAt('0.0.0.0:7001')],
    ['a peer at a multicast address', 'transport.bad-endpoint', peerAt('239.1.1.1:7001')],
    ['a peer at the broadcast address', 'transport.bad-endpoint', peerAt('255.255.255.255:7001')],
    ['a peer of the other IP version', 'transport.bad-endpoint', peerAt('[fd00::2]:7001')],
    ['a peer at its own address', 'transport.bad-endpoint', peerAt('10.0.0.1:7001')],
  ])('with %s refuses to start: %s, with a remedy and nothing unfilled', async (_what, code, given) => {
    const error = await harness(given)
      .start(wgActor)
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(RbError);
    expect(error).toMatchObject({ code });
    expect(errorLine((error as RbError).data)).not.toMatch(/[{}]/);
  });

  test('of a cluster of one opens no socket and says so', async () => {
    const node = harness(direct({ listen: '', peers: [] }));
    await node.start(wgActor);
    await eventually('status', () => node.fact('wg.status'), { timeoutMs: 5000 });
    expect(node.fact('wg.status')).toEqual({ transports: [] });
    expect(node.inspect('wg')?.state).toBe('alone');
    await node.stop('wg');
  });

  test('that cannot open its transport has said that it is down: what the last one said holds no longer', async () => {
    const node = harness(config);
    const open: OpenUdp = () => Promise.reject(new Error('EADDRINUSE'));
    await expect(node.start(wgActorWith(open))).rejects.toThrow();
    expect(node.fact('wg.status')).toMatchObject({ transports: [{ transport: 'direct', state: 'down' }] });
  });

  test('tells its status, hands on datagrams, and shows refused sends', async () => {
    let events: UdpEvents | null = null;
    const open: OpenUdp = (at, given) => {
      events = given;
      return Promise.resolve({ local: at, send: () => undefined, close: () => undefined });
    };
    const node = harness(config);
    const arrived: unknown[] = [];
    await node.start(wgActorWith(open));
    await node.start({
      name: 'election',
      start: () =>
        Promise.resolve({
          handlers: {
            'wg.datagram': (payload) => arrived.push(payload),
            'election.join': () => Promise.resolve({ frame: null }),
            'election.tokens': () => Promise.resolve({ tokens: [], created: null }),
            'election.remove-member': () => Promise.resolve({ removed: false }),
            'election.drain': () => Promise.resolve({ phase: 'no' as const, refusal: null }),
            'election.step-down': () => undefined,
            'election.reconnect-peer': () => undefined,
            'election.reset': () => undefined,
          },
          alive: () => true,
          inspect: () => ({ state: 'fake', context: {} }),
          stop: () => Promise.resolve(),
        }),
    });
    const told = events as UdpEvents | null;
    told?.datagram(Uint8Array.of(1, 2, 3), { host: '10.0.0.2', port: 7001 });
    await eventually('the datagram crosses', () => arrived.length === 1, { timeoutMs: 5000, everyMs: 5 });
    expect(arrived[0]).toMatchObject({ transport: 'direct', bytes: Uint8Array.of(1, 2, 3) });

    node.order('wg.send', { to: two.id, bytes: Uint8Array.of(9), via: null });
    node.order('wg.send', { to: two.id, bytes: Uint8Array.of(9), via: 'tor' });
    node.order('wg.send', { to: 'node-9' as NodeId, bytes: Uint8Array.of(9), via: null });
    node.order('wg.send', { to: two.id, bytes: new Uint8Array(1201), via: 'direct' });
    expect(node.inspect('wg')).toMatchObject({
      state: 'up',
      context: { refusedToSend: { 'no-route': 2, 'too-large': 1 }, transports: [{ sent: 1, received: 1 }] },
    });

    told?.failed('ENETDOWN');
    await eventually('it is told down', () => node.fact('wg.status')?.transports[0]?.state === 'down', {
      timeoutMs: 5000,
      everyMs: 5,
    });
    expect(node.inspect('wg')?.state).toBe('down');
    expect(node.alive('wg')).toBe(true);
    await node.stop('wg');
  });
});

describe('a WgActor in mode tor', () => {
  const address = (index: number): OnionAddress => `${'abcdefg'.charAt(index).repeat(55)}d` as OnionAddress;
  const member = (index: number, coordination: OnionAddress | null): MemberView => ({
    id: spec(index).id,
    publicKey: nodePublicKey(exampleSeed(index)),
    addresses: { direct: null, wireguard: null, coordination },
  });
  const status = (state: TorStatus['state']): TorStatus => ({
    state,
    version: null,
    bootstrap: 0,
    instanceAddress: null,
    socks: 'unix:/nowhere/socks.sock',
    deaths: 0,
    lastError: null,
    trouble: null,
    redundancy: null,
  });
  const token = new Uint8Array(8).fill(3) as JoinTokenId;
  const paths: string[] = [];
  const streams: Parameters<typeof wgActorWith>[1] = {
    listen: async (path) => {
      paths.push(path);
      return { close: () => undefined };
    },
    dial: () => new Promise(() => undefined),
  };
  const udp: OpenUdp = () => Promise.reject(new Error('no datagram sockets in this mode'));
  const tor = async (): Promise<HarnessNode> => {
    paths.length = 0;
    const node = harness(mode('tor'));
    await node.start(wgActorWith(udp, streams));
    return node;
  };

  test('opens its doors to members and join tokens, and has its Tor told the keys of theirs', async () => {
    const node = await tor();
    node.tell('tor.status', status('up'));
    node.tell('election.members', { members: [member(2, address(2)), member(3, null)], joinTokens: [token] });
    await eventually('the service', () => node.fact('wg.coordination'), { timeoutMs: 5000 });
    const service = node.fact('wg.coordination')?.service;
    expect(service?.clients.map(({ name }) => name)).toEqual([
      'member-node-2',
      'member-node-3',
      `token-${'03'.repeat(8)}`,
    ]);
    expect(service?.datagramTarget).toBe(`unix:${paths[0]}`);
    expect(service?.joinTarget).toBe(`unix:${paths[1]}`);
    await eventually('the order', () => node.capturedOrders.length > 0, { timeoutMs: 5000 });
    const [order] = node.capturedOrders;
    const { authorizations } = order?.payload as Payload<'tor.client-authorizations'>;
    expect(authorizations.map((key) => key.address)).toEqual([address(2)]);

    // The same key as the other node opens its door to.
    const agreements = new PairAgreements(exampleSeed(2), runHere);
    await agreements.learn([member(1, null).publicKey]);
    const other = new Doors(
      clusterSecret(nodeSecrets(one).clusterToken!.reveal(), MASTER_ADDRESS),
      exampleSeed(2),
      agreements,
    );
    const theirs = other.keysFor([member(1, address(1))], []).clients[0]?.publicKey;
    expect(curve25519PublicKey(authorizations[0]!.secret)).toEqual(theirs);
    await node.stop('wg');
  });

  test('tells every Tor that comes up, and the transport is up with it', async () => {
    const node = await tor();
    node.tell('election.members', { members: [member(2, address(2))], joinTokens: [] });
    await eventually('it is told', () => node.fact('wg.coordination') !== undefined, { timeoutMs: 5000 });
    node.order('wg.send', { to: two.id, bytes: Uint8Array.of(1), via: null });
    expect(node.capturedOrders).toEqual([]);
    for (const state of ['up', 'connecting', 'up', 'down', 'up'] as const)
      node.tell('tor.status', status(state));
    await eventually('three orders', () => node.capturedOrders.length === 3, { timeoutMs: 5000 });
    node.order('wg.send', { to: two.id, bytes: Uint8Array.of(1), via: null });
    expect(node.inspect('wg')).toMatchObject({
      context: { refusedToSend: { down: 1 }, transports: [{ transport: 'tor', state: 'up', sent: 1 }] },
    });
    await node.stop('wg');
  });

  test('has no service while there is nobody to serve', async () => {
    const node = await tor();
    node.tell('election.members', { members: [], joinTokens: [] });
    await eventually('it is told', () => node.fact('wg.coordination') !== undefined, { timeoutMs: 5000 });
    expect(node.fact('wg.coordination')).toEqual({ service: null });
    expect(paths).toHaveLength(1);
    await node.stop('wg');
  });
});
