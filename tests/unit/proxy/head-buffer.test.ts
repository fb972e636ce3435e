import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadBuffer } from '@rustbalance/actors/proxy/http/head-buffer.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const LONGEST = 100;

describe('collecting a head', () => {
  it('gives the head and what is behind it, wherever the pieces are cut', () => {
    const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\nbody';
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length }), (step) => {
        const buffer = new HeadBuffer();
        let cut: ReturnType<HeadBuffer['cut']> = null;
        let at = 0;
        for (; at < text.length && cut === null; at += step) {
          buffer.append(latin1(text.slice(at, at + step)));
          cut = buffer.cut(LONGEST);
        }
        if (cut === null || typeof cut === 'string') throw new Error('no head');
        expect(cut.text).toBe('GET / HTTP/1.1\r\nHost: a');
        expect(cut.rest.toString('latin1') + text.slice(at)).toBe('body');
        expect(buffer.isEmpty).toBe(true);
      }),
    );
  });

  it.each([
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 'malformed'],
    ['an LF at the start', '\n', 'malformed'],
    ['a bare CR', 'GET / HTTP/1.1\rX', 'malformed'],
    ['a NUL', 'GET \0', 'malformed'],
    ['a TLS hello', '\x16\x03\x01', 'malformed'],
    ['bytes without end', 'a'.repeat(LONGEST + 5), 'too-large'],
    ['a head that is too long', `${'a'.repeat(LONGEST + 1)}\r\n\r\n`, 'too-large'],
  ])('refuses %s at once', (_, text, verdict) => {
    const buffer = new HeadBuffer();
    buffer.append(latin1(text));
    expect(buffer.cut(LONGEST)).toBe(verdict);
  });

  it.each(['GET /', 'GET / HTTP/1.1\r', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nA: b\r\n\r'])(
    'waits for the rest of %j',
    (text) => {
      const buffer = new HeadBuffer();
      buffer.append(latin1(text));
      expect(buffer.cut(LONGEST)).toBeNull();
    },
  );

  it('takes a head of exactly the longest length', () => {
    const buffer = new HeadBuffer();
    buffer.append(latin1(`${'a'.repeat(LONGEST)}\r\n\r\n`));
    expect(buffer.cut(LONGEST)).toMatchObject({ text: 'a'.repeat(LONGEST) });
  });
});
