import { describe, expect, it } from 'vitest';
import {
  isHost,
  parseHostPort,
  parseStreamAddress,
  streamAddressText,
} from '@rustbalance/actors/kernel/stream-address.js';

describe('a stream address', () => {
  it.each(['unix:/run/x.sock', '127.0.0.1:9050', '[::1]:9050', 'localhost:0', 'tor_1.example:65535'])(
    '%s reads and writes the same',
    (text) => {
      expect(streamAddressText(parseStreamAddress(text)!)).toBe(text);
    },
  );

  it.each([
    '',
    'unix:',
    'unix:/',
    'unix:relative',
    '127.0.0.1',
    ':80',
    '127.0.0.1:99999',
    '127.0.0.256:80',
    'a b:1',
    '::1:80',
    '[127.0.0.1]:80',
    '[::1]',
    '[]:80',
    '[g::1]:80',
  ])('%j is none', (text) => {
    expect(parseStreamAddress(text)).toBeNull();
  });
});

describe('an address of one machine', () => {
  it.each([
    ['10.0.0.1:7001', { host: '10.0.0.1', port: 7001 }],
    ['[fd00::3]:7001', { host: 'fd00::3', port: 7001 }],
    ['10.0.0.1:0', null],
    ['localhost:7001', null],
    ['unix:/run/x', null],
  ])('%s is read as such only with an IP address and a port', (text, read) => {
    expect(parseHostPort(text)).toEqual(read);
  });
});

describe('a host', () => {
  it.each(['127.0.0.1', '::1', 'localhost', 'a_b.example', 'A.Example'])('may be %s', (text) => {
    expect(isHost(text)).toBe(true);
  });

  it.each([
    '',
    'a b',
    '[::1]',
    '1.2.3',
    '10.0.0.256',
    '0x7f000001',
    'a.0X1',
    '-a',
    'a..b',
    'a:1',
    `${'a'.repeat(64)}.b`,
  ])('is not %j', (text) => {
    expect(isHost(text)).toBe(false);
  });
});
