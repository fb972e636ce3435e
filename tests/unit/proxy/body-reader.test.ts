import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyReader } from '@rustbalance/actors/proxy/http/body-reader.js';
import type { Field } from '@rustbalance/actors/proxy/http/field.js';
import type { BodyFraming } from '@rustbalance/actors/proxy/http/framing.js';

const LIMITS = { maxHeaderBytes: 200, maxFields: 5 };

interface Read {
  readonly body: string;
  readonly trailers: readonly Field[] | null;
  readonly used: number;
  readonly faulty: boolean;
  readonly complete: boolean;
}

const read = (framing: BodyFraming, pieces: readonly Buffer[]): Read => {
  let body = '';
  let trailers: readonly Field[] | null = null;
  const reader = new BodyReader(framing, LIMITS, {
    bodyData: (slice) => {
      body += slice.toString('latin1');
    },
    bodyEnd: (end) => {
      expect(trailers).toBeNull();
      trailers = end;
    },
  });
  let used = 0;
  for (const piece of pieces) {
    const taken = reader.push(piece);
    if (taken === null) return { body, trailers, used, faulty: true, complete: reader.complete };
    used += taken;
    if (reader.complete) break;
  }
  return { body, trailers, used, faulty: false, complete: reader.complete };
};

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const offsets = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return offsets.slice(1).map((end, i) => bytes.subarray(offsets[i], end));
};
const cutsArb = fc.array(fc.nat(), { maxLength: 12 });
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a body of known length', () => {
  it('ends after its length, wherever the pieces are cut, and leaves what follows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), cutsArb, (content, cuts) => {
        const bytes = Buffer.concat([content, latin1('GET /next')]);
        const seen = read({ kind: 'length', length: content.length }, cutAt(bytes, cuts));
        expect(seen).toMatchObject({
          body: Buffer.from(content).toString('latin1'),
          used: content.length,
          complete: true,
        });
      }),
    );
  });

  it('is not complete when the sender closes before', () => {
    const reader = new BodyReader({ kind: 'length', length: 3 }, LIMITS, {
      bodyData: () => undefined,
      bodyEnd: () => undefined,
    });
    reader.push(latin1('ab'));
    expect(reader.senderClosed()).toBe(false);
  });
});

describe('a body until the connection closes', () => {
  it('ends with the close and not before', () => {
    let ended = false;
    const reader = new BodyReader({ kind: 'until-close' }, LIMITS, {
      bodyData: () => undefined,
      bodyEnd: () => {
        ended = true;
      },
    });
    reader.push(latin1('abc'));
    expect([reader.complete, ended]).toEqual([false, false]);
    expect([reader.senderClosed(), ended]).toEqual([true, true]);
  });
});

describe('a chunked body', () => {
  it('gives the content that was put in, wherever chunks and pieces are cut', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(chunks, cutsArb, fc.constantFrom('', ';ext=1', ' ; a="b"'), (parts, cuts, extension) => {
        const coded = parts.map((part) =>
          Buffer.concat([latin1(`${part.length.toString(16)}${extension}\r\n`), part, latin1('\r\n')]),
        );
        const message = Buffer.concat([...coded, latin1('0\r\nX-Sum: 1\r\n\r\n')]);
        const seen = read({ kind: 'chunked' }, cutAt(Buffer.concat([message, latin1('next')]), cuts));
        expect(seen.body).toBe(Buffer.concat(parts).toString('latin1'));
        expect(seen.trailers).toEqual([{ name: 'X-Sum', lower: 'x-sum', value: '1' }]);
        expect([seen.used, seen.complete, seen.faulty]).toEqual([message.length, true, false]);
      }),
    );
  });

  it.each([
    ['a size that is no number', 'zz\r\nab\r\n0\r\n\r\n'],
    ['an empty size', '\r\nab'],
    ['a signed size', '+2\r\nab\r\n0\r\n\r\n'],
    ['a size with 0x', '0x2\r\nab\r\n0\r\n\r\n'],
    ['a space before the size', ' 2\r\nab\r\n0\r\n\r\n'],
    ['a space behind the size', '2 \r\nab\r\n0\r\n\r\n'],
    ['a size beyond 2^53', 'ffffffffffffff\r\n'],
    ['a bare LF behind the size', '2\nab\r\n0\r\n\r\n'],
    ['a bare CR in the size line', '2;a\rb\r\nab\r\n'],
    ['a bare LF behind the data', '2\r\nab\n0\r\n\r\n'],
    ['data longer than its size', '2\r\nabc\r\n0\r\n\r\n'],
    ['data shorter than its size', '4\r\nab\r\n0\r\n\r\n'],
    ['a NUL in an extension', '2;\0\r\nab\r\n'],
    ['an extension without end', `2;${'x'.repeat(300)}`],
    ['a malformed trailer', '0\r\nno colon\r\n\r\n'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
    ['a bare LF in the trailers', '0\r\nA: b\n\r\n'],
    ['trailers without end', `0\r\n${'A: b\r\n'.repeat(60)}`],
    ['one trailer without end', `0\r\nA: ${'b'.repeat(300)}`],
    ['too many trailers', `0\r\n${'A: b\r\n'.repeat(6)}\r\n`],
  ])('is refused for %s, wherever it is cut', (_, text) => {
    fc.assert(
      fc.property(cutsArb, (cuts) => {
        expect(read({ kind: 'chunked' }, cutAt(latin1(text), cuts))).toMatchObject({
          faulty: true,
          complete: false,
        });
      }),
      { numRuns: 30 },
    );
  });
});
