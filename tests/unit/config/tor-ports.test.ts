import { describe, expect, it } from 'vitest';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { torControlPort, torSocksPort } from '@rustbalance/actors/kernel/config/tor-ports.js';
import { parseStreamAddress, streamAddressText } from '@rustbalance/actors/kernel/stream-address.js';
import { ADDRESS } from './minimal.js';

const ports = (tor: Record<string, unknown>): readonly string[] => {
  const config = configSchema.parse({
    node: { id: 'a', run_dir: '/run/rb' },
    master: { onion_address: ADDRESS },
    tor,
  });
  return [torControlPort(config), torSocksPort(config)].map(streamAddressText);
};

describe("a node's control and SOCKS ports", () => {
  const OTHERS = { control_host: '10.0.0.9', control_socket: '/c', socks_socket: '/s' };

  it.each([
    [
      'of a managed Tor are its own sockets',
      {},
      ['unix:/run/rb/tor-control.sock', 'unix:/run/rb/tor-socks.sock'],
    ],
    [
      'of a managed Tor are so whatever is said of a system Tor',
      OTHERS,
      ['unix:/run/rb/tor-control.sock', 'unix:/run/rb/tor-socks.sock'],
    ],
    ['of a system Tor are its usual ones', { mode: 'system' }, ['127.0.0.1:9051', '127.0.0.1:9050']],
    [
      'of a system Tor are both at the host that is named',
      { mode: 'system', control_host: 'tor', control_port: 1, socks_port: 2 },
      ['tor:1', 'tor:2'],
    ],
    ['are unix sockets where those are named', { ...OTHERS, mode: 'system' }, ['unix:/c', 'unix:/s']],
    [
      'may be one of each kind',
      { mode: 'system', control_socket: '/c', control_host: '10.0.0.9' },
      ['unix:/c', '10.0.0.9:9050'],
    ],
    [
      'may be one of each kind the other way round',
      { mode: 'system', socks_socket: '/s', control_host: '10.0.0.9' },
      ['10.0.0.9:9051', 'unix:/s'],
    ],
    [
      'at an IPv6 address have it in brackets',
      { mode: 'system', control_host: '::1' },
      ['[::1]:9051', '[::1]:9050'],
    ],
  ])('%s', (_, tor, expected) => {
    expect(ports(tor)).toEqual(expected);
  });

  it('read again from their text are the same', () => {
    for (const text of ports({ mode: 'system', control_host: '::1', socks_socket: '/s' })) {
      expect(streamAddressText(parseStreamAddress(text)!)).toBe(text);
    }
  });
});
