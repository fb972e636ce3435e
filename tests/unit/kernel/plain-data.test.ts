import { plainValue } from '@rustbalance/actors/kernel/plain-data.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('bytes and secrets never appear, only that they are there', () => {
  const shown = plainValue({ key: new Uint8Array(32).fill(65), secret: new Secret(Uint8Array.of(65, 66)) });
  expect(shown).toEqual({ key: '[32 bytes]', secret: '[secret]' });
});

test('maps, sets, bigints, errors and functions become plain', () => {
  const value = {
    map: new Map([[1, 'a']]),
    set: new Set([1n]),
    error: new Error('boom'),
    act: () => 1,
    none: undefined,
    at: new Date(0),
    nan: Number.NaN,
  };
  expect(plainValue(value)).toEqual({
    map: { '1': 'a' },
    set: ['1'],
    error: 'boom',
    act: '[function]',
    none: null,
    at: '1970-01-01T00:00:00.000Z',
    nan: 'NaN',
  });
});

test('what is long, wide or deep is cut and says so', () => {
  const limits = { depth: 2, entries: 2, characters: 3 };
  expect(plainValue({ a: 'abcdef', b: [1, 2, 3], c: 0 }, limits)).toEqual({
    a: 'abc… (6 characters)',
    b: [1, 2, '… 1 more'],
    '…': '1 more',
  });
  expect(plainValue({ a: { b: { c: 1 } } }, limits)).toEqual({ a: { b: '[…]' } });
});

test('an object that contains itself ends all the same', () => {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  expect(() => JSON.stringify(plainValue(value))).not.toThrow();
});

test('a negative zero and a key __proto__ are what JSON makes of them', () => {
  expect(plainValue(-0)).toBe(0);
  const value: unknown = JSON.parse('{"__proto__":{"a":1}}');
  expect(JSON.stringify(plainValue(value))).toBe('{"__proto__":{"a":1}}');
});

test('anything at all becomes JSON that reads back as itself', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true }),
      (value) => {
        const shown = plainValue(value);
        expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
      },
    ),
  );
});
