import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeConfigValue, decodeQuoted, encodeQuoted } from '@rustbalance/actors/tor/control/quoting.js';
import { parseArguments } from '@rustbalance/actors/tor/control/arguments.js';
import {
  fromWireText,
  toWireText,
  wireTextFromBytes,
  wireTextToBytes,
} from '@rustbalance/actors/tor/control/wire-text.js';
import { wire } from './parsing.js';

const byteText = fc.uint8Array({ maxLength: 60 }).map(wireTextFromBytes);
const oneLine = byteText.filter((text) => !/[\r\n\0]/.test(text));

describe('quoted strings', () => {
  test.each([
    ['plain', '"plain"'],
    ['a "b" \\c', '"a \\"b\\" \\\\c"'],
    ['', '""'],
    ['\xe9', '"\xe9"'],
  ])('%j is written as %s', (value, quoted) => {
    expect(encodeQuoted(wire(value))).toBe(quoted);
  });

  test.each(['a\rb', 'a\nb', 'a\0b', '\n'])('%j cannot be sent: it would end the line', (value) => {
    expect(encodeQuoted(wire(value))).toBeNull();
  });

  test('any text without line breaks comes back as it was', () => {
    fc.assert(
      fc.property(oneLine, (value) => {
        const quoted = encodeQuoted(value)!;
        expect(decodeQuoted(quoted)).toEqual({ value, end: quoted.length });
      }),
    );
  });

  test.each([
    ['"\\n\\r\\t"', '\n\r\t'],
    ['"\\101\\0\\377"', 'A\0\xff'],
    ['"\\400"', ' 0'],
    ['"\\18"', '\x018'],
    ['"\\\'\\q"', "'q"],
    ['"/run/tor/\\303\\251"', '/run/tor/\xc3\xa9'],
  ])('%s is read with the escapes that Tor writes', (quoted, value) => {
    expect(decodeQuoted(wire(quoted))?.value).toBe(value);
  });

  test.each(['', 'x', '"open', '"open\\', '"open\\"'])('%j is no quoted string', (text) => {
    expect(decodeQuoted(wire(text))).toBeNull();
  });

  test('what follows the closing quote is left to the reader', () => {
    expect(decodeQuoted(wire('x="a" y'), 2)).toEqual({ value: 'a', end: 5 });
  });

  test('a configuration value is unquoted only when the quotes hold all of it', () => {
    expect(decodeConfigValue(wire('"a\\043b"'))).toBe('a#b');
    expect(decodeConfigValue(wire('80 "x"'))).toBe('80 "x"');
    expect(decodeConfigValue(wire('"a" b'))).toBe('"a" b');
  });
});

describe('wire text', () => {
  test('any bytes come back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect([...wireTextToBytes(wireTextFromBytes(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  test('text of ours travels as UTF-8', () => {
    expect(toWireText('/é')).toBe('/\xc3\xa9');
    expect(fromWireText(toWireText('/é☃'))).toBe('/é☃');
  });
});

describe('arguments of a reply line', () => {
  test('positional words, keywords and quoted values are told apart', () => {
    const { positional, keywords, malformed } = parseArguments(
      wire('NOTICE  BOOTSTRAP PROGRESS=50 SUMMARY="Loading \\"all\\" of it" TAG=loading'),
    );
    expect(positional).toEqual(['NOTICE', 'BOOTSTRAP']);
    expect([...keywords]).toEqual([
      ['PROGRESS', '50'],
      ['SUMMARY', 'Loading "all" of it'],
      ['TAG', 'loading'],
    ]);
    expect(malformed).toBe(false);
  });

  test('an old path with = is no keyword', () => {
    expect(parseArguments(wire('$ABCD=Nick,$EF=Other')).positional).toEqual(['$ABCD=Nick,$EF=Other']);
  });

  test('the first of two equal keywords counts', () => {
    expect(parseArguments(wire('A=1 A=2')).keywords.get('A')).toBe('1');
  });

  test('a quote that never closes is told', () => {
    expect(parseArguments(wire('A="x y'))).toMatchObject({ malformed: true });
  });

  test('any keywords and values come out as they went in', () => {
    const key = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, oneLine), { selector: ([name]) => name }), (pairs) => {
        const line = pairs.map(([name, value]) => `${name}=${encodeQuoted(value)!}`).join(' ');
        expect([...parseArguments(wire(line)).keywords]).toEqual(pairs);
      }),
    );
  });

  test('any bytes are split without an exception, and a long line in linear time', () => {
    fc.assert(
      fc.property(byteText, (text) =>
        parseArguments(text).positional.every((word) => word.length <= text.length),
      ),
    );
    const started = performance.now();
    expect(parseArguments(wire('a '.repeat(32 * 1024))).positional).toHaveLength(32 * 1024);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
