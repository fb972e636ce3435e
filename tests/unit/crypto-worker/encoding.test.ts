import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32 } from '@rustbalance/crypto-worker/encoding/base32.js';
import {
  decodeBase64,
  encodeBase64,
  encodeBase64Lines,
  encodeBase64NoPadding,
} from '@rustbalance/crypto-worker/encoding/base64.js';
import { concatBytes, uint64 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { parseUint64, parseUnsigned } from '@rustbalance/crypto-worker/encoding/integer.js';
import { parseUtcTime } from '@rustbalance/crypto-worker/encoding/utc-time.js';
import { toHex } from './given.js';

describe('base32', () => {
  it('comes back, in one spelling only', () => {
    const fives = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % 5)));
    fc.assert(
      fc.property(fives, (bytes) => {
        const text = encodeBase32(bytes);
        expect(decodeBase32(text)).toEqual(bytes);
        if (/[a-z]/.test(text)) expect(decodeBase32(text.toUpperCase())).toBeNull();
      }),
    );
  });

  it('of RFC 4648 is read', () => {
    expect(encodeBase32(new TextEncoder().encode('fooba'))).toBe('mzxw6ytb');
  });

  it.each(['a', 'mzxw6ytb=', 'mzxw6yt1', 'mzxw6yt '])('refuses "%s"', (text) => {
    expect(decodeBase32(text)).toBeNull();
  });
});

describe('base64', () => {
  it('comes back with and without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
        expect(decodeBase64(encodeBase64NoPadding(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(['A', 'AB=', 'AB===', 'AA==AA', 'A B', 'AB==\n', 'AB', 'AAB=', 'A-_='])('refuses "%s"', (text) => {
    expect(decodeBase64(text)).toBeNull();
  });

  it('is set in lines of 64 columns, each ended by a newline', () => {
    expect(encodeBase64Lines(new Uint8Array(48))).toBe(`${'A'.repeat(64)}\n`);
    expect(encodeBase64Lines(new Uint8Array(49))).toBe(`${'A'.repeat(64)}\nAA==\n`);
  });
});

describe('numbers and times', () => {
  it('of 8 bytes are big-endian', () => {
    expect(toHex(uint64(1440))).toBe('00000000000005a0');
    expect(toHex(uint64(2n ** 64n - 1n))).toBe('ff'.repeat(8));
  });

  it('are read in their one decimal spelling within bounds', () => {
    expect(parseUnsigned('180', 30, 720)).toBe(180);
    expect(
      ['', '-1', '+1', '01', '1.0', '1e2', ' 1', '29', '721', '9'.repeat(17)].map((t) =>
        parseUnsigned(t, 30, 720),
      ),
    ).toEqual(Array(10).fill(null));
    expect(parseUint64('18446744073709551615')).toBe(2n ** 64n - 1n);
    expect(['18446744073709551616', '00', '', 'x'].map(parseUint64)).toEqual(Array(4).fill(null));
  });

  it('are read as UTC, and days that do not exist are refused', () => {
    expect(parseUtcTime('2016-04-13', '11:00:00')).toBe(Date.UTC(2016, 3, 13, 11) / 1000);
    for (const [date, time] of [
      ['2015-02-29', '00:00:00'],
      ['2015-04-31', '00:00:00'],
      ['2015-04-01', '24:00:00'],
      ['2015-4-1', '00:00:00'],
      ['2015-04-01', '0:00:00'],
    ] as const) {
      expect(parseUtcTime(date, time)).toBeNull();
    }
  });

  it('parts are joined into a buffer of their own', () => {
    const joined = concatBytes(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3));
    expect([...joined]).toEqual([1, 2, 3]);
    expect(joined.buffer.byteLength).toBe(3);
  });
});
