import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  confLine,
  getConfLine,
  getInfoLine,
  hsFetchLine,
  hsPostLine,
  serviceDescriptorKey,
  setEventsLine,
} from '@rustbalance/actors/tor/control/command-lines.js';
import { wire } from './parsing.js';

const ADDRESS = 'a'.repeat(56) as OnionAddress;
const RELAY = 'AB'.repeat(20) as RelayFingerprint;
const address = (text: string): OnionAddress => text as OnionAddress;
const relay = (text: string): RelayFingerprint => text as RelayFingerprint;
const conf = (key: string, value: string | null) => ({ key, value: value === null ? null : wire(value) });

describe('command lines', () => {
  test('GETINFO names its keys', () => {
    expect(getInfoLine(['version', `hs/service/desc/id/${ADDRESS}`])).toEqual({
      ok: true,
      line: `GETINFO version hs/service/desc/id/${ADDRESS}`,
    });
  });

  test('SETCONF keeps the order of its lines and quotes every value', () => {
    const built = confLine('SETCONF', [
      conf('HiddenServiceDir', '/var/lib/my "tor"'),
      conf('HiddenServicePort', '80 127.0.0.1:8080'),
      conf('PublishHidServDescriptors', null),
    ]);
    expect(built).toEqual({
      ok: true,
      line: 'SETCONF HiddenServiceDir="/var/lib/my \\"tor\\"" HiddenServicePort="80 127.0.0.1:8080" PublishHidServDescriptors',
    });
  });

  test('HSPOST names each HSDir in a word of its own, in upper case, and the address without .onion', () => {
    expect(hsPostLine([RELAY, relay(RELAY.toLowerCase())], ADDRESS)).toEqual({
      ok: true,
      line: `+HSPOST SERVER=${RELAY} SERVER=${RELAY} HSADDRESS=${ADDRESS}`,
    });
  });

  test('HSFETCH needs no HSDir', () => {
    expect(hsFetchLine([], ADDRESS)).toEqual({ ok: true, line: `HSFETCH ${ADDRESS}` });
  });

  test('SETEVENTS without events ends all subscriptions', () => {
    expect(setEventsLine([])).toEqual({ ok: true, line: 'SETEVENTS' });
  });

  test.each([
    ['GETINFO without a key', getInfoLine([])],
    ['GETINFO with a space in a key', getInfoLine(['version config-file'])],
    ['GETINFO with a line break in a key', getInfoLine(['version\r\nSIGNAL HALT'])],
    ['GETCONF without an option', getConfLine([])],
    ['GETCONF with a malformed option', getConfLine(['Socks Port'])],
    ['SETCONF without a line', confLine('SETCONF', [])],
    ['SETCONF with a malformed option', confLine('SETCONF', [conf('A=1 B', '2')])],
    [
      'SETCONF with a line break in a value',
      confLine('SETCONF', [conf('HiddenServiceDir', 'x\r\nSIGNAL HALT')]),
    ],
    ['SETCONF with a NUL in a value', confLine('SETCONF', [conf('HiddenServiceDir', 'x\0')])],
    ['SETEVENTS with a malformed event', setEventsLine(['CIRC\r\nSIGNAL HALT'])],
    ['HSPOST without an HSDir', hsPostLine([], ADDRESS)],
    ['HSPOST with a short fingerprint', hsPostLine([relay('AB')], ADDRESS)],
    ['HSPOST with a comma list', hsPostLine([relay(`${RELAY},${RELAY}`)], ADDRESS)],
    ['HSPOST with a $ before the fingerprint', hsPostLine([relay(`$${RELAY}`)], ADDRESS)],
    ['HSPOST with .onion', hsPostLine([RELAY], address(`${ADDRESS}.onion`))],
    [
      'HSPOST with too many HSDirs',
      hsPostLine(
        Array.from({ length: 65 }, () => RELAY),
        ADDRESS,
      ),
    ],
    ['HSFETCH with an address in capitals', hsFetchLine([], address('A'.repeat(56)))],
    ['HSFETCH with a line break after the address', hsFetchLine([], address(`${ADDRESS}\n`))],
  ])('%s is refused before it is sent', (_, built) => {
    expect(built.ok).toBe(false);
  });

  test('no argument of any kind puts a line break or a NUL on the wire', () => {
    const evil = fc
      .array(fc.constantFrom('a', '"', '\\', '\r', '\n', '\0', ' ', '='), { maxLength: 10 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(evil, evil, (one, other) => {
        const lines = [
          getInfoLine([one, other]),
          getConfLine([one]),
          confLine('SETCONF', [conf('HiddenServiceDir', one), conf('HiddenServicePort', other)]),
          setEventsLine([one]),
          hsPostLine([relay(one)], address(other)),
          hsFetchLine([], address(one)),
        ];
        for (const built of lines) if (built.ok) expect(built.line).not.toMatch(/[\r\n\0]/);
      }),
    );
  });

  test('an error names no onion address', () => {
    const built = hsPostLine([RELAY], address(`${ADDRESS}x`));
    expect(JSON.stringify(built)).not.toContain('aaaaaaaa');
  });

  test('the descriptor of a service has a key only for an address', () => {
    expect(serviceDescriptorKey(ADDRESS)).toBe(`hs/service/desc/id/${ADDRESS}`);
    expect(serviceDescriptorKey(address('x y'))).toBeNull();
  });
});
