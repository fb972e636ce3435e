import { describe, expect, it } from 'vitest';
import type { Curve25519SecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { ClientAuthorizations } from '@rustbalance/actors/tor/client-authorizations.js';
import type { ClientAuthorization } from '@rustbalance/actors/tor/messages.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const key = (letter: string, fill: number): ClientAuthorization => ({
  address: letter.repeat(56) as OnionAddress,
  secret: new Uint8Array(32).fill(fill) as Curve25519SecretKey,
});
const [a, b] = [key('a', 1), key('b', 2)];

/** A Tor that holds keys, and forgets them. */
class World {
  readonly clock = new SimulatedClock(0);
  readonly tor = new Map<string, number>();
  readonly refused = new Set<string>();
  commands = 0;
  readonly keys: ClientAuthorizations;

  constructor() {
    const trigger = startLevelTrigger(this.clock, (now) => this.keys.step(now));
    this.keys = new ClientAuthorizations({
      log: makeLogger(
        'tor',
        () => 0,
        () => undefined,
      ),
      add: async ({ address, secret }) => {
        this.commands++;
        if (this.refused.has(address))
          throw rbError('control.option-rejected', 'tor', { status: 451, text: 'full' });
        this.tor.set(address.charAt(0), secret[0] ?? 0);
      },
      remove: async (address) => {
        this.commands++;
        this.tor.delete(address.charAt(0));
      },
      poke: () => trigger.poke(),
    });
  }

  get held(): readonly (readonly [string, number])[] {
    return [...this.tor].sort();
  }
}

describe("the client authorizations of this node's Tor", () => {
  it('are what was ordered last, also when it was ordered before Tor came up', async () => {
    const world = new World();
    world.keys.want([a, b]);
    await world.clock.advance(10);
    expect(world.held).toEqual([]);
    world.keys.begin();
    await world.clock.advance(10);
    expect(world.held).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    world.keys.want([key('a', 9)]);
    await world.clock.advance(10);
    expect(world.held).toEqual([['a', 9]]);
  });

  it('come back after Tor was started anew or read its configuration, and without any sign in a minute', async () => {
    const world = new World();
    world.keys.want([a]);
    world.keys.begin();
    await world.clock.advance(10);
    world.keys.end();
    world.tor.clear();
    world.keys.begin();
    await world.clock.advance(10);
    expect(world.held).toEqual([['a', 1]]);
    world.tor.clear();
    world.keys.again();
    await world.clock.advance(10);
    expect(world.held).toEqual([['a', 1]]);
    world.tor.clear();
    await world.clock.advance(121_000);
    expect(world.held).toEqual([['a', 1]]);
    expect(world.commands).toBeLessThan(8);
  });

  it('that are not wanted any more are taken from a Tor that went on', async () => {
    const world = new World();
    world.keys.want([a, b]);
    world.keys.begin();
    await world.clock.advance(10);
    world.keys.end();
    world.keys.want([b]);
    world.keys.begin();
    await world.clock.advance(10);
    expect(world.held).toEqual([['b', 2]]);
  });

  it('that Tor refuses are tried again, and keep no other from it', async () => {
    const world = new World();
    world.refused.add(a.address);
    world.keys.want([a, b]);
    world.keys.begin();
    await world.clock.advance(10);
    expect(world.held).toEqual([['b', 2]]);
    world.refused.clear();
    await world.clock.advance(16_000);
    expect(world.held).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });
});
