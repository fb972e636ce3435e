import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { systemClock, type Clock } from '@rustbalance/actors/kernel/clock.js';
import { parseStreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { eventually } from '../../support/eventually.js';
import { describeTransport } from '../../support/transport-compliance.js';
import type { TransportPair } from '../../support/transport-compliance.js';
import { fakeSocks, type FakeSocks } from '../proxy/support/fake-socks.js';
import { makeTorEnd, torTransportPair, type TorEnd } from '../../support/tor-transport-pair.js';

const ADDRESSES: Readonly<Record<'a' | 'b', OnionAddress>> = {
  a: 'a'.repeat(56) as OnionAddress,
  b: 'b'.repeat(56) as OnionAddress,
};

/** A folder with the two ends' sockets, and a SOCKS port that leads their addresses there. */
const world = async (): Promise<{ socks: FakeSocks; pathOf: (end: string) => string }> => {
  const folder = await mkdtemp('/tmp/rb-streams-');
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const pathOf = (end: string): string => join(folder, `${end}.sock`);
  const socks = await fakeSocks({
    path: join(folder, 'socks.sock'),
    leadsTo: ({ host, port }) => {
      const path = pathOf(host.charAt(0));
      return port === 7001 && /^(a{56}|b{56})\.onion$/.test(host) && existsSync(path) ? path : null;
    },
  });
  return { socks, pathOf };
};

const makeEnd = (
  own: 'a' | 'b',
  path: string,
  socks: string,
  clock: Clock = systemClock,
): Promise<TorEnd> => {
  const peer = own === 'a' ? 'b' : 'a';
  return makeTorEnd({
    id: own as NodeId,
    path,
    peer: peer as NodeId,
    peerAddress: ADDRESSES[peer],
    socks: parseStreamAddress(socks),
    clock,
  });
};

const pairOverSocks = async (): Promise<TransportPair> => {
  const { socks, pathOf } = await world();
  return torTransportPair((end) => makeEnd(end, pathOf(end), socks.address), pathOf);
};

describeTransport('tor, over a SOCKS port', pairOverSocks);

test('Each attempt has a circuit of its own, and one stream lasts', async () => {
  const { socks, pathOf } = await world();
  const a = await makeEnd('a', pathOf('a'), socks.address);
  onTestFinished(() => a.transport.close());
  await eventually('it has tried several times', () => socks.requests.length >= 2, { timeoutMs: 15_000 });
  const users = socks.requests.map(({ user }) => user);
  expect(new Set(users).size).toBe(users.length);
  expect(socks.requests.every(({ host, port }) => host === `${ADDRESSES.b}.onion` && port === 7001)).toBe(
    true,
  );

  const b = await makeEnd('b', pathOf('b'), socks.address);
  onTestFinished(() => b.transport.close());
  const toB = (): number => socks.requests.filter(({ host }) => host.startsWith('b')).length;
  await eventually(
    'datagrams arrive',
    () => {
      a.transport.send(b.id, Uint8Array.of(1));
      return b.received.length > 0;
    },
    { timeoutMs: 15_000 },
  );
  const attempts = toB();
  for (let sent = 0; sent < 50; sent++) a.transport.send(b.id, Uint8Array.of(2, sent));
  // What was sent before may arrive with them.
  await eventually('all of them', () => b.received.at(-1)?.[1] === 49, { timeoutMs: 10_000 });
  expect(b.received.slice(-50).map((bytes) => bytes[1])).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(toB()).toBe(attempts);
});

test('What waits for a stream is bounded, and the oldest goes first', async () => {
  const { socks, pathOf } = await world();
  // On a busy machine what waits would grow too old before there is somebody to take it.
  const ageless: Clock = { ...systemClock, monotonicMs: () => 0 };
  const a = await makeEnd('a', pathOf('a'), socks.address, ageless);
  onTestFinished(() => a.transport.close());
  for (let sent = 0; sent < 100; sent++)
    expect(a.transport.send('b' as NodeId, Uint8Array.of(sent))).toBe('sent');
  expect(a.transport.drops()).toEqual({ queue: 36 });
  const b = await makeEnd('b', pathOf('b'), socks.address);
  onTestFinished(() => b.transport.close());
  await eventually('the rest arrives', () => b.received.length === 64, { timeoutMs: 15_000 });
  expect(b.received[0]).toEqual(Uint8Array.of(36));
});

test('Without Tor it is down, and it forgets a peer that moved or left', async () => {
  const { socks, pathOf } = await world();
  const a = await makeEnd('a', pathOf('a'), socks.address);
  const b = await makeEnd('b', pathOf('b'), socks.address);
  onTestFinished(async () => {
    await a.transport.close();
    await b.transport.close();
  });
  a.transport.useSocks(null);
  expect(a.transport.status()).toMatchObject({ state: 'down', local: `unix:${pathOf('a')}` });
  expect(a.transport.send(b.id, Uint8Array.of(1))).toBe('down');
  a.transport.useSocks(parseStreamAddress(socks.address));
  expect(a.transport.status().state).toBe('up');
  a.transport.usePeers(new Map());
  expect(a.transport.send(b.id, Uint8Array.of(1))).toBe('no-route');
});

test('Told to reconnect, it leaves the stream that leads nowhere and has a fresh one at once', async () => {
  const { socks, pathOf } = await world();
  const a = await makeEnd('a', pathOf('a'), socks.address);
  const b = await makeEnd('b', pathOf('b'), socks.address);
  onTestFinished(async () => {
    await a.transport.close();
    await b.transport.close();
  });
  const arrives = (): Promise<boolean> => {
    const before = b.received.length;
    return eventually(
      'a datagram arrives',
      () => {
        a.transport.send(b.id, Uint8Array.of(1));
        return b.received.length > before;
      },
      { timeoutMs: 15_000 },
    );
  };
  await arrives();
  const users = (): readonly (string | null)[] =>
    socks.requests.filter(({ host }) => host.startsWith('b')).map(({ user }) => user);
  const before = users().length;
  a.transport.reconnect(b.id);
  await eventually('another stream is asked for', () => users().length > before, { timeoutMs: 10_000 });
  expect(new Set(users()).size).toBe(users().length);
  await arrives();
  a.transport.reconnect('nobody' as NodeId);
  await arrives();
});
