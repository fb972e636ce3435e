import { describe, expect, test } from 'vitest';
import { guardTableText, isGuardTable } from '@rustbalance/actors/wg/wireguard/guard-table.js';
import { canonicalIp, parseLink, parseRoutes } from '@rustbalance/actors/wg/wireguard/ip-json.js';

const link = (flags: readonly string[], operstate = 'UNKNOWN'): string =>
  JSON.stringify([
    {
      ifname: 'wg-rb',
      flags,
      operstate,
      group: 'default',
      linkinfo: { info_kind: 'tun' },
      addr_info: [
        { family: 'inet6', local: 'fd00::1', prefixlen: 64 },
        { family: 'inet', local: '10.0.0.1', prefixlen: 24 },
      ],
    },
  ]);

describe('an interface', () => {
  test.each([
    ['UP and LOWER_UP are among its flags', ['POINTOPOINT', 'NOARP', 'UP', 'LOWER_UP'], true],
    ['it has no carrier, though it is called UP', ['NO-CARRIER', 'POINTOPOINT', 'UP'], false],
    ['it is down, though its group contains "up"', ['POINTOPOINT', 'NOARP'], false],
  ])('is up or not when %s', (_what, flags, up) => {
    expect(parseLink(link(flags))).toEqual({ kind: 'tun', up, addresses: ['fd00::1/64'] });
  });

  test.each(['', '[]', '[{}]', '{', 'Device "wg-rb" does not exist.', '[{"flags":"UP"}]'])(
    'is not made of %s',
    (text) => {
      expect(parseLink(text)).toBeNull();
    },
  );
});

describe('the routes of the tunnel network', () => {
  const own = { dst: 'fd00::/64', dev: 'wg-rb', metric: 256, flags: [] };
  const guard = { type: 'unreachable', dst: 'fd00::/64', dev: 'lo', metric: 4096, flags: [] };
  test.each([
    [[own, guard], { throughTunnel: true, unreachable: true }],
    [
      [
        { ...own, dev: 'eth0' },
        { ...guard, metric: 1 },
      ],
      { throughTunnel: false, unreachable: false },
    ],
    [[], { throughTunnel: false, unreachable: false }],
  ])('%j', (routes, expected) => {
    expect(parseRoutes(JSON.stringify(routes), 'wg-rb')).toEqual(expected);
  });
});

test('An address has one form, however it was written', () => {
  expect(canonicalIp('fd00:0:0:0:0:0:0:1/128')).toBe('fd00::1/128');
  expect(canonicalIp('FD00::1')).toBe('fd00::1');
  expect(canonicalIp('10.0.0.1/24')).toBe('10.0.0.1/24');
});

describe('The guard table', () => {
  const NETWORK = 'fd12:3456:789a:1::/64';
  const text = guardTableText('wg-rb', NETWORK);

  test('is known again by both of its rules', () => {
    expect(isGuardTable(text, NETWORK)).toBe(true);
    expect(isGuardTable(text.replace(/oifname.*/, ''), NETWORK)).toBe(false);
    expect(isGuardTable('', NETWORK)).toBe(false);
  });

  test('of another cluster, left by a crash, is not taken for ours', () => {
    expect(isGuardTable(guardTableText('wg-rb', 'fd12:3456:789a:2::/64'), NETWORK)).toBe(false);
    expect(isGuardTable(text, 'fd12:3456:789a:2::/64')).toBe(false);
  });

  test('of a version that did not name its network is made anew', () => {
    expect(isGuardTable(text.replaceAll(` ${NETWORK}"`, '"'), NETWORK)).toBe(false);
  });

  test('is known in what nft lists of it', () => {
    // As nftables 1.0.6 prints it.
    const listing = `table ip6 rustbalance-wg-rb {
	chain arriving {
		type filter hook prerouting priority raw; policy accept;
		iifname != { "lo", "wg-rb" } ip6 daddr ${NETWORK} counter packets 7 bytes 343 drop comment "rustbalance guard 1 ${NETWORK}"
	}

	chain leaving {
		type filter hook output priority raw; policy accept;
		oifname != { "lo", "wg-rb" } ip6 daddr ${NETWORK} counter packets 0 bytes 0 drop comment "rustbalance guard 1 ${NETWORK}"
	}
}
`;
    expect(isGuardTable(listing, NETWORK)).toBe(true);
  });
});
