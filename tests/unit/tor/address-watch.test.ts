import type { NetworkInterfaceInfo } from 'node:os';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { AddressWatch, outwardAddresses } from '@rustbalance/actors/tor/address-watch.js';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';

class World {
  readonly clock = new SimulatedClock(0);
  readonly did: string[] = [];
  addresses = ['192.0.2.7'];
  readonly watch: AddressWatch;

  constructor(isOurs = true) {
    const trigger = startLevelTrigger(this.clock, (now) => this.watch.step(now));
    this.watch = new AddressWatch({
      log: makeLogger(
        'tor',
        () => 0,
        ({ error }) => {
          if (error) this.did.push(error.code);
        },
      ),
      addresses: () => new Set(this.addresses),
      withhold: () => this.did.push('withhold'),
      release: (anew) => this.did.push(anew ? 'release anew' : 'release'),
      network: isOurs
        ? {
            reconnect: () => {
              this.did.push('reconnect');
              return Promise.resolve();
            },
            enable: () => Promise.resolve(),
          }
        : null,
      poke: () => {
        trigger.poke();
      },
    });
    this.watch.begin();
    trigger.poke();
  }

  async have(...addresses: readonly string[]): Promise<void> {
    this.addresses = [...addresses];
    await this.clock.advance(10_000);
  }
}

describe('an address of the machine', () => {
  it('that is replaced has Tor connect anew, once, and no client is sent here in between', async () => {
    const world = new World();
    await world.have('192.0.2.8');
    expect(world.did).toEqual(['tor.address-lost', 'withhold', 'reconnect', 'release anew']);
    await world.clock.advance(60_000);
    expect(world.did).toHaveLength(4);
  });

  it('that is lost is waited for: Tor connects anew when there is another', async () => {
    const world = new World();
    await world.have();
    await world.clock.advance(600_000);
    expect(world.did).toEqual(['tor.address-lost', 'withhold']);
    await world.have('192.0.2.8');
    expect(world.did.slice(2)).toEqual(['reconnect', 'release anew']);
  });

  it('that comes back as it was costs no connection', async () => {
    const world = new World();
    await world.have();
    await world.have('192.0.2.7');
    expect(world.did).toEqual(['tor.address-lost', 'withhold', 'release']);
  });

  it('that is added costs nothing, and counts from then on', async () => {
    const world = new World();
    await world.have('192.0.2.7', '192.0.2.9');
    expect(world.did).toEqual([]);
    await world.have('192.0.2.7');
    expect(world.did).toContain('reconnect');
  });

  it('is told where Tor is the system’s, whose connections are others’, too', async () => {
    const world = new World(false);
    await world.have('192.0.2.8');
    expect(world.did).toEqual(['tor.address-lost']);
  });
});

it('of all addresses those of IPv4 count that lead out, or those of IPv6 where there is none', () => {
  const info = (address: string, internal = false): NetworkInterfaceInfo =>
    ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
  const interfaces = {
    lo: [info('127.0.0.1', true), info('::1', true)],
    eth0: [info('192.0.2.7'), info('2001:db8::7'), info('fe80::1')],
    eth1: [info('169.254.3.4')],
    'wg-rb': [info('fd00::1')],
  };
  expect([...outwardAddresses(interfaces, 'wg-rb')]).toEqual(['192.0.2.7']);
  const sixOnly = { ...interfaces, eth0: [info('2001:db8::7'), info('fe80::1')], eth1: [] };
  expect([...outwardAddresses(sixOnly, 'wg-rb')]).toEqual(['2001:db8::7']);
});
