import type { NetworkInterfaceInfo } from 'node:os';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { AddressWatch, outwardAddresses } from '@rustbalance/actors/tor/address-watch.js';
import { defaultRoutes } from '@rustbalance/actors/tor/default-routes.js';
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
  const both = { four: new Set(['eth0', 'eth1']), six: new Set(['eth0', 'wg-rb']) };
  expect([...outwardAddresses(interfaces, 'wg-rb', both)]).toEqual(['192.0.2.7']);
  const sixOnly = { ...interfaces, eth0: [info('2001:db8::7'), info('fe80::1')], eth1: [] };
  expect([...outwardAddresses(sixOnly, 'wg-rb', both)]).toEqual(['2001:db8::7']);
});

it('those of a bridge of containers, to which no default route leads, do not count', () => {
  const info = (address: string): NetworkInterfaceInfo =>
    ({ address, internal: false, family: 'IPv4' }) as NetworkInterfaceInfo;
  const interfaces = { eth0: [info('192.0.2.7')], docker0: [info('172.17.0.1')] };
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  ];
  const routes = defaultRoutes(table.join('\n'), '');
  expect([...outwardAddresses(interfaces, 'wg-rb', routes)]).toEqual(['192.0.2.7']);
});

it('a default route of IPv6 is one that is open and not of the loopback', () => {
  const none = '0'.repeat(32);
  const row = (flags: string, name: string): string =>
    `${none} 00 ${none} 00 ${none} 00000400 00000001 00000000 ${flags} ${name}`;
  const table = [row('00000003', 'eth0'), row('00200200', 'lo'), row('00000201', 'wg0')];
  expect([...defaultRoutes('', table.join('\n')).six]).toEqual(['eth0']);
});
