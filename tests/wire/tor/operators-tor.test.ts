/** The coordination service on a Tor whose configuration is its operator's ([tor] configure_service = false). */
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { CoordinationService } from '@rustbalance/actors/wg/messages.js';
import { eventually } from '../../support/eventually.js';
import type { TorActorHarness } from '../../support/tor-actor-context.js';
import { instanceOptions, startFakeTor, type FakeTor } from './fake-tor.js';

const soon = { timeoutMs: 20_000, everyMs: 10 };
const UNREAD = 'tor.coordination-unread';

const directoryOf = (folder: string): string => join(folder, 'instance-coordination');
const target = (folder: string, port: string): string => `unix:${join(folder, 'r', port)}`;

let world: FakeTor;
beforeEach(async () => {
  world = await startFakeTor({
    tor: { configure_service: false },
    torrc: (folder) => [
      ...instanceOptions(folder),
      { key: 'HiddenServiceDir', value: directoryOf(folder) },
      { key: 'HiddenServicePort', value: `7001 ${target(folder, 'datagrams')}` },
      { key: 'HiddenServicePort', value: `7002 ${target(folder, 'join')}` },
    ],
  });
});
afterEach(() => world.stop());

const start = async (): Promise<TorActorHarness> => {
  const node = await world.start({ nodeKey: new Uint8Array(32).fill(1) });
  await eventually('Tor is up', () => node.fact('tor.status')?.state === 'up', soon);
  return node;
};

const client = (fill: number): CoordinationService['clients'][number] => ({
  name: `client-${String(fill)}`,
  publicKey: curve25519PublicKey(new Uint8Array(32).fill(fill) as Curve25519SecretKey),
});
const serve = async (node: TorActorHarness, ...fills: number[]): Promise<void> => {
  const datagramTarget = target(world.folder, 'datagrams');
  const joinTarget = target(world.folder, 'join');
  const clients = fills.map(client);
  node.actor.handlers['wg.coordination']?.({ service: { datagramTarget, joinTarget, clients } });
  const wanted = clients.map(({ name }) => `${name}.auth`).join();
  await eventually(
    'its clients are on disk',
    async () =>
      (await readdir(join(directoryOf(world.folder), 'authorized_clients')).catch(() => [])).sort().join() ===
      wanted,
    soon,
  );
};
const told = (node: TorActorHarness): number =>
  node.logs.filter(({ error }) => error?.code === UNREAD).length;
const isTold = (node: TorActorHarness, times: number): Promise<unknown> =>
  eventually(`the operator is told for the ${String(times)}. time`, () => told(node) === times, soon);
const stateIs = (node: TorActorHarness, state: string): Promise<unknown> =>
  eventually(`the service is ${state}`, () => node.fact('tor.coordination')?.state === state, soon);
/** Looked at once more, since options changed, and found in this state. */
const isLookedAt = async (node: TorActorHarness, state: string): Promise<void> => {
  const asked = (): number => world.fake.received.filter(({ keyword }) => keyword === 'GETCONF').length;
  const before = asked();
  world.fake.push('CONF_CHANGED', '650-CONF_CHANGED\r\n650-AvoidDiskWrites=1\r\n650 OK\r\n');
  await eventually('it is looked at', () => asked() >= before + 2, soon);
  await stateIs(node, state);
};
const sentToTor = (): readonly string[] =>
  world.fake.received
    .filter(({ keyword }) => /^(SIGNAL|SETCONF|RESETCONF)$/.test(keyword))
    .map(({ keyword, args }) => `${keyword} ${args}`);

describe("a Tor whose configuration is its operator's", () => {
  it('is never reloaded or set by us: its operator is told by each change of who is let in', async () => {
    const node = await start();
    await serve(node, 10);
    await isTold(node, 1);
    const line = node.logs.find(({ error }) => error?.code === UNREAD);
    expect([line?.level, line?.error?.action]).toEqual([
      'error',
      expect.stringContaining('systemctl reload'),
    ]);
    expect(node.fact('tor.coordination')?.state).toBe('faulty');
    await serve(node, 10, 11);
    await isTold(node, 2);
    await isLookedAt(node, 'faulty');
    expect(told(node)).toBe(2);
    expect(sentToTor()).toEqual([]);
  });

  it('has what it needs as soon as its operator reloads it', async () => {
    const node = await start();
    await serve(node, 10);
    await isTold(node, 1);
    world.fake.reload();
    await stateIs(node, 'served');
    await isLookedAt(node, 'served');
    expect(told(node)).toBe(1);
    await serve(node, 11);
    await isTold(node, 2);
    expect(sentToTor()).toEqual([]);
  });

  it('is left alone, and its operator, at a start of the daemon and at a new connection that change nothing', async () => {
    const before = await start();
    await serve(before, 10);
    await isTold(before, 1);
    world.fake.reload();
    await stateIs(before, 'served');
    await before.stop();
    const node = await start();
    await serve(node, 10);
    await stateIs(node, 'served');
    for (let times = 0; times < 2; times++) {
      const states = node.history('tor.coordination').length;
      world.fake.dropConnections();
      // It may be back before anybody looks.
      await eventually(
        'it is served over another connection',
        () =>
          node
            .history('tor.coordination')
            .slice(states)
            .map(({ payload }) => payload.state)
            .join()
            .endsWith('none,served'),
        soon,
      );
    }
    await isLookedAt(node, 'served');
    expect(told(node)).toBe(0);
    expect(sentToTor()).toEqual([]);
  });

  it('is asked no reload for a descriptor that the HSDirs refused', async () => {
    const node = await start();
    await serve(node, 10);
    await isTold(node, 1);
    world.fake.reload();
    await stateIs(node, 'served');
    const address = node.fact('tor.coordination')?.address ?? '';
    world.fake.push(
      'HS_DESC',
      `650 HS_DESC FAILED ${address} NO_AUTH $${'B'.repeat(40)}~name someid REASON=UPLOAD_REJECTED\r\n`,
    );
    // Where we may, it is uploaded again after 1.5 s.
    const atMs = world.clock.monotonicMs();
    await eventually('its time has come', () => world.clock.monotonicMs() - atMs > 2_000, soon);
    await isLookedAt(node, 'served');
    expect(told(node)).toBe(1);
    expect(await readdir(join(directoryOf(world.folder), 'authorized_clients'))).toEqual(['client-10.auth']);
  });
});
