import { describe, expect, test } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import type { FoundPeer } from '@rustbalance/actors/wg/wireguard/dump.js';
import { planChanges, stuckPeers } from '@rustbalance/actors/wg/wireguard/plan.js';
import type { FoundTunnel, Plan, TunnelMemory } from '@rustbalance/actors/wg/wireguard/plan.js';
import type { WantedPeer, WantedTunnel } from '@rustbalance/actors/wg/wireguard/wanted.js';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const secret = (fill: number): Secret => new Secret(new Uint8Array(32).fill(fill));
const NOW = 1_700_000_000;

const peer = (index: number, change: Partial<WantedPeer> = {}): WantedPeer => ({
  id: `node-${index}` as NodeId,
  publicKey: key(index),
  presharedKey: secret(100 + index),
  endpoint: `10.0.0.${index}:51820`,
  address: `fd00:0:0:0:0:0:0:${index}`,
  ...change,
});
const wantedWith = (...peers: readonly WantedPeer[]): WantedTunnel => ({
  interfaceName: 'wg-rb',
  listenPort: 51_820,
  privateKey: secret(50),
  publicKey: key(51),
  address: 'fd00:0:0:0:0:0:0:1',
  network: 'fd00:0:0:0::/64',
  peers: new Map(peers.map((one) => [one.publicKey, one])),
});
const foundPeer = (index: number, change: Partial<FoundPeer> = {}): FoundPeer => ({
  publicKey: key(index),
  presharedKey: secret(100 + index),
  endpoint: `10.0.0.${index}:51820`,
  allowedIps: [`fd00::${index}/128`],
  latestHandshake: NOW - 30,
  receivedBytes: 1,
  sentBytes: 1,
  keepalive: 25,
  ...change,
});
const deviceWith = (...peers: readonly FoundPeer[]) => ({ publicKey: key(51), listenPort: 51_820, peers });
const link = { kind: 'tun', up: true, addresses: ['fd00::1/64', 'fe80::1/64'] };
const right: FoundTunnel = {
  link,
  device: deviceWith(foundPeer(2), foundPeer(3)),
  routes: { throughTunnel: true, unreachable: true },
  guarded: true,
  ownProcess: true,
};
const nothingBefore: TunnelMemory = { applied: new Map(), stuck: new Set(), peersKnown: true };
const wanted = wantedWith(peer(2), peer(3));
const plan = (found: Partial<FoundTunnel>, memory = nothingBefore, want = wanted): Plan =>
  planChanges(want, { ...right, ...found }, memory, NOW);
const kinds = (made: Plan): readonly string[] =>
  made.kind === 'change' ? made.steps.map(({ kind }) => kind) : [made.kind];
const text = (made: Plan): string => {
  const step = made.kind === 'change' ? made.steps.find(({ kind }) => kind === 'configure') : undefined;
  return step?.kind === 'configure' ? Buffer.from(step.input.reveal()).toString() : '';
};

describe('the plan of changes', () => {
  test('of a tunnel that is as wanted is empty', () => {
    expect(plan({})).toEqual({ kind: 'change', steps: [] });
  });

  test.each<readonly [string, Partial<FoundTunnel>, readonly string[]]>([
    ['the interface is gone', { link: null, device: 'unreadable' }, ['build']],
    ['wg hangs', { device: 'hung' }, ['build']],
    [
      'wg does not know the interface, which has our address',
      { device: 'unreadable', ownProcess: false },
      ['build'],
    ],
    [
      'the interface is down, and its address gone with it',
      { link: { ...link, up: false, addresses: [] } },
      ['set-up', 'add-address'],
    ],
    ['the address alone is gone', { link: { ...link, addresses: ['fe80::1/64'] } }, ['add-address']],
    ['its route is gone', { routes: { throughTunnel: false, unreachable: true } }, ['add-route']],
    [
      'both guards are gone',
      { routes: { throughTunnel: true, unreachable: false }, guarded: false },
      ['guard-route', 'guard-table'],
    ],
    [
      'the device lost its key',
      {
        device: {
          publicKey: null,
          listenPort: 51_820,
          peers: right.device === 'hung' || right.device === 'unreadable' ? [] : right.device.peers,
        },
      },
      ['configure'],
    ],
    [
      'the port is another',
      { device: { ...deviceWith(foundPeer(2), foundPeer(3)), listenPort: 1 } },
      ['configure'],
    ],
    [
      'there is a peer too many',
      { device: deviceWith(foundPeer(2), foundPeer(3), foundPeer(4)) },
      ['remove-peers'],
    ],
    ['a peer is missing', { device: deviceWith(foundPeer(3)) }, ['configure']],
    [
      'a peer may send from more addresses',
      { device: deviceWith(foundPeer(2, { allowedIps: ['fd00::2/128', '::/0'] }), foundPeer(3)) },
      ['configure'],
    ],
    [
      'a preshared key is another',
      { device: deviceWith(foundPeer(2, { presharedKey: secret(1) }), foundPeer(3)) },
      ['configure'],
    ],
    [
      'a preshared key is missing',
      { device: deviceWith(foundPeer(2, { presharedKey: null }), foundPeer(3)) },
      ['configure'],
    ],
    [
      'the keepalive is off',
      { device: deviceWith(foundPeer(2, { keepalive: 0 }), foundPeer(3)) },
      ['configure'],
    ],
  ])('when %s', (_what, found, expected) => {
    expect(kinds(plan(found))).toEqual(expected);
  });

  test('no peer is taken away before anybody has said who they are', () => {
    const nobodyYet = wantedWith();
    const unknown = { ...nothingBefore, peersKnown: false };
    expect(kinds(plan({}, unknown, nobodyYet))).toEqual([]);
    expect(kinds(plan({}, nothingBefore, nobodyYet))).toEqual(['remove-peers']);
  });

  test('touches the peer alone that is not as wanted, and the device not at all', () => {
    const config = text(plan({ device: deviceWith(foundPeer(3)) }));
    expect(config).toContain(`PublicKey = ${key(2)}`);
    expect(config).toContain('PersistentKeepalive = 25');
    expect(config).toContain('Endpoint = 10.0.0.2:51820');
    expect(config).not.toContain(key(3));
    expect(config).not.toContain('[Interface]');
  });

  test('follows a peer that moved, as long as it is heard', () => {
    const moved = { endpoint: '192.0.2.7:4000' };
    expect(kinds(plan({ device: deviceWith(foundPeer(2, moved), foundPeer(3)) }))).toEqual([]);
    const silent = { ...moved, latestHandshake: NOW - 200 };
    expect(text(plan({ device: deviceWith(foundPeer(2, silent), foundPeer(3)) }))).toContain(
      'Endpoint = 10.0.0.2:51820',
    );
  });

  test('does not take a followed endpoint back when something else of the peer is mended', () => {
    const found = foundPeer(2, { endpoint: '192.0.2.7:4000', keepalive: 0 });
    const config = text(plan({ device: deviceWith(found, foundPeer(3)) }));
    expect(config).toContain(key(2));
    expect(config).not.toContain('Endpoint');
  });

  test('sets an endpoint that is announced anew', () => {
    const memory = { ...nothingBefore, applied: new Map([[key(2), '10.0.0.99:1']]) };
    const found = foundPeer(2, { endpoint: '192.0.2.7:4000' });
    expect(text(plan({ device: deviceWith(found, foundPeer(3)) }, memory))).toContain(
      'Endpoint = 10.0.0.2:51820',
    );
  });

  test('sets the endpoint of a stuck peer again where it is, not where it was announced', () => {
    const memory = { ...nothingBefore, stuck: new Set([key(2)]) };
    const found = foundPeer(2, { endpoint: '192.0.2.7:4000' });
    expect(text(plan({ device: deviceWith(found, foundPeer(3)) }, memory))).toContain(
      'Endpoint = 192.0.2.7:4000',
    );
  });

  const strange = { ...link, addresses: ['10.0.0.1/24'] };
  test.each<readonly [string, Partial<FoundTunnel>, RegExp]>([
    ['with another key', { device: { ...deviceWith(), publicKey: key(9) } }, /another private key/],
    ['that is no WireGuard interface', { device: 'unreadable' }, /no WireGuard/],
    ['that does not answer', { device: 'hung' }, /does not answer/],
    [
      'without a key but with peers',
      { device: { ...deviceWith(foundPeer(9)), publicKey: null } },
      /another private key/,
    ],
  ])('refuses an interface %s that has not our address and was not made by us', (_what, found, evidence) => {
    expect(plan({ ...found, link: strange, ownProcess: false })).toMatchObject({
      kind: 'foreign',
      evidence: expect.stringMatching(evidence) as string,
    });
  });

  test('takes an interface that a crash left without anything', () => {
    const bare = { publicKey: null, listenPort: 4000, peers: [] };
    const made = plan({ link: { ...link, up: false, addresses: [] }, device: bare, ownProcess: false });
    expect(kinds(made)).toEqual(['configure', 'set-up', 'add-address']);
    expect(text(made)).toContain('ListenPort = 51820');
  });
});

describe('a stuck peer', () => {
  const progress = (handed: number, sentBytes: number) => new Map([['a', { handed, sentBytes }]]);
  test.each<readonly [string, ReturnType<typeof progress>, ReturnType<typeof progress>, boolean]>([
    ['got datagrams while nothing left', progress(1, 100), progress(2, 100), true],
    ['is not one to whom something left', progress(1, 100), progress(2, 180), false],
    ['is not one to whom nobody sent', progress(1, 100), progress(1, 100), false],
    ['is not one that was not known before', new Map(), progress(5, 0), false],
    ['is not one whose device was made anew', progress(5, 100), progress(6, 10), false],
  ])('%s', (_what, before, now, stuck) => {
    expect(stuckPeers(before, now).has('a')).toBe(stuck);
  });
});
