import { expect, test } from 'vitest';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { TunnelKeeper } from '@rustbalance/actors/wg/wireguard/keeper.js';
import type { FoundTunnel } from '@rustbalance/actors/wg/wireguard/plan.js';
import type { WantedTunnel } from '@rustbalance/actors/wg/wireguard/wanted.js';
import { SimulatedClock } from '../../../support/simulated-clock.js';

const KEY = Buffer.alloc(32, 1).toString('base64');
const CHECK_EVERY_MS = 30_000;

const wanted: WantedTunnel = {
  interfaceName: 'wg-rb',
  listenPort: 51_820,
  privateKey: new Secret(new Uint8Array(32)),
  publicKey: KEY,
  address: 'fd00:0:0:0:0:0:0:1',
  network: 'fd00:0:0:0::/64',
  peers: new Map(),
};
const asWanted: FoundTunnel = {
  link: { kind: 'tun', up: true, addresses: ['fd00::1/64'] },
  device: { publicKey: KEY, listenPort: 51_820, peers: [] },
  routes: { throughTunnel: true, unreachable: true },
  guarded: true,
  ownProcess: true,
};

/** A keeper of a tunnel that the test holds in its hand, with a count of looks. */
const started = async () => {
  const clock = new SimulatedClock(0);
  const seen = { looks: 0, builds: 0, found: asWanted };
  const nothing = (): Promise<void> => Promise.resolve();
  const log = makeLogger(
    'wg',
    () => 0,
    () => undefined,
  );
  const keeper = new TunnelKeeper(
    {
      clock,
      log,
      checkEveryMs: CHECK_EVERY_MS,
      handedTo: () => 0,
      device: {
        adopt: nothing,
        apply: nothing,
        removeInterface: nothing,
        removeGuards: nothing,
        observe: () => {
          seen.looks++;
          return Promise.resolve(seen.found);
        },
        build: () => {
          seen.builds++;
          seen.found = asWanted;
          return Promise.resolve('kernel');
        },
      },
    },
    wanted,
    { works: () => undefined, broken: () => undefined },
  );
  await keeper.start();
  seen.looks = 0;
  return { clock, keeper, seen };
};

test('A peer to which sending always fails costs a look in every check interval in the end, not two a second', async () => {
  const { clock, keeper, seen } = await started();
  for (let second = 0; second < 300; second++) {
    keeper.suspect();
    await clock.advance(1000);
  }
  // Doubled from half a second: seven looks in the first half minute, then one each.
  expect(seen.looks).toBeLessThan(20);
  expect(seen.looks).toBeGreaterThanOrEqual(300_000 / CHECK_EVERY_MS);
  await keeper.close();
});

test('A suspicion that proves true is followed at once, and so is the next', async () => {
  const { clock, keeper, seen } = await started();
  for (const builds of [1, 2]) {
    await clock.advance(600);
    seen.found = { ...asWanted, link: null, device: 'unreadable' };
    keeper.suspect();
    await clock.advance(600);
    expect(seen.builds).toBe(builds);
  }
  await keeper.close();
});

test('What is known to need work is not held up by suspicions that were vain', async () => {
  const { clock, keeper, seen } = await started();
  for (let second = 0; second < 60; second++) {
    keeper.suspect();
    await clock.advance(1000);
  }
  seen.found = { ...asWanted, link: null, device: 'unreadable' };
  keeper.look();
  await clock.advance(600);
  expect(seen.builds).toBe(1);
  await keeper.close();
});

test('A look that is due soon is not put off by a suspicion that comes before it', async () => {
  const { clock, keeper, seen } = await started();
  for (let second = 0; second < 6; second++) {
    keeper.suspect();
    await clock.advance(1000);
  }
  // The tunnel was just looked at: what needs work waits for half a second, a suspicion for much longer.
  keeper.look();
  await clock.advance(0);
  seen.found = { ...asWanted, link: null, device: 'unreadable' };
  keeper.look();
  keeper.suspect();
  await clock.advance(600);
  expect(seen.builds).toBe(1);
  await keeper.close();
});
