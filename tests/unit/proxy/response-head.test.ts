import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseResponseHead } from '@rustbalance/actors/proxy/http/response-head.js';
import { writeResponseHead } from '@rustbalance/actors/proxy/http/write-head.js';
import { mutated } from '../../support/mutations.js';

const parse = (method: string, ...lines: string[]) => parseResponseHead(lines.join('\r\n'), method, 20);
const OK = 'HTTP/1.1 200 OK';

describe('a response that is malformed or could be read in two ways is refused', () => {
  it.each([
    ['no status line', 'bad-status-line', ['Hello there']],
    ['another protocol', 'bad-status-line', ['SSH-2.0-OpenSSH_9.2']],
    ['HTTP/2', 'bad-status-line', ['HTTP/2 200 OK']],
    ['a status of two digits', 'bad-status-line', ['HTTP/1.1 20 OK']],
    ['a status of four digits', 'bad-status-line', ['HTTP/1.1 2000 OK']],
    ['a status out of range', 'bad-status-line', ['HTTP/1.1 700 What']],
    ['a control character in the reason', 'bad-status-line', ['HTTP/1.1 200 O\x01K']],
    ['two lengths', 'ambiguous-length', [OK, 'Content-Length: 1', 'Content-Length: 1']],
    ['length and chunked', 'ambiguous-length', [OK, 'Content-Length: 1', 'Transfer-Encoding: chunked']],
    ['a coding that it was not asked for', 'bad-transfer-coding', [OK, 'Transfer-Encoding: gzip']],
    ['chunked from HTTP/1.0', 'bad-transfer-coding', ['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked']],
    ['a folded line', 'bad-field-line', [OK, 'X: a', ' b']],
  ])('%s', (_, fault, lines) => {
    expect(parse('GET', ...lines)).toBe(fault);
  });
});

describe('where the body of a response ends', () => {
  it.each([
    ['GET', 200, ['Content-Length: 5'], 'length'],
    ['GET', 200, ['Content-Length: 0'], 'none'],
    ['GET', 200, ['Transfer-Encoding: chunked'], 'chunked'],
    ['GET', 200, [], 'until-close'],
    ['HEAD', 200, ['Content-Length: 5'], 'none'],
    ['HEAD', 200, ['Transfer-Encoding: chunked'], 'none'],
    ['GET', 204, ['Content-Length: 5'], 'none'],
    ['GET', 304, ['Content-Length: 5'], 'none'],
    ['GET', 304, [], 'none'],
    ['GET', 103, [], 'none'],
    ['POST', 500, ['Content-Length: 5'], 'length'],
  ])('%s with status %i and %j: %s', (method, status, lines, kind) => {
    expect(parse(method, `HTTP/1.1 ${String(status)} X`, ...lines)).toMatchObject({ framing: { kind } });
  });
});

describe('whether the target keeps its connection', () => {
  it.each([
    [OK, ['Content-Length: 1'], true],
    [OK, ['Content-Length: 1', 'Connection: close'], false],
    [OK, [], false],
    ['HTTP/1.0 200 OK', ['Content-Length: 1'], false],
    ['HTTP/1.0 200 OK', ['Content-Length: 1', 'Connection: keep-alive'], true],
  ])('%s %j: %s', (line, fields, persists) => {
    expect(parse('GET', line, ...fields)).toMatchObject({ persists });
  });

  it('for as long as its Keep-Alive field says', () => {
    expect(parse('GET', OK, 'Keep-Alive: max=9, timeout=5')).toMatchObject({ keepAliveSecs: 5 });
    expect(parse('GET', OK)).toMatchObject({ keepAliveSecs: null });
  });

  it('a status line without a reason, with and without the space, is taken', () => {
    expect(parse('GET', 'HTTP/1.1 200')).toMatchObject({ status: 200, reason: '' });
    expect(parse('GET', 'HTTP/1.1 200 ')).toMatchObject({ status: 200, reason: '' });
  });
});

describe('a damaged response head', () => {
  const SEEDS = [
    `${OK}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 42\r\nX-Note: a, b`,
    `${OK}\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1`,
    'HTTP/1.0 404 Not Found\r\nConnection: close\r\nSet-Cookie: a=b; Path=/',
    'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload',
  ];
  const OURS = new Map([
    ['none', 'none'],
    ['length', 'length'],
    ['chunked', 'chunked'],
    ['until-close', 'chunked'],
  ]);

  it('is a fault, or is written so that it is read again with the same status, fields and end of the body', () => {
    const pair = {
      target: { scheme: 'http' as const, host: '127.0.0.1', port: 80 },
      master: { scheme: 'http' as const, host: `${'m'.repeat(56)}.onion`, port: 80 },
    };
    let taken = 0;
    fc.assert(
      fc.property(mutated(SEEDS), fc.constantFrom('GET', 'HEAD'), (bytes, method) => {
        const head = parseResponseHead(bytes.toString('latin1'), method, 20);
        if (typeof head === 'string') return;
        taken++;
        const { kind } = head.framing;
        const framing = { chunked: kind === 'chunked' || kind === 'until-close', connection: null };
        const written = writeResponseHead(head, framing, pair);
        expect(written).not.toMatch(/[^\t\x20-\x7e\x80-\xff\r\n]|\r(?!\n)|(?<!\r)\n/);
        expect(written.endsWith('\r\n\r\n')).toBe(true);
        expect(written.indexOf('\r\n\r\n')).toBe(written.length - 4);
        const again = parseResponseHead(written.slice(0, -4), method, 40);
        if (typeof again === 'string') throw new Error(again);
        expect([again.status, again.reason, again.framing.kind]).toEqual([
          head.status,
          head.reason,
          OURS.get(kind),
        ]);
        const named = head.fields.filter(({ lower }) => lower === 'x-note' || lower === 'content-type');
        const dropped = new Set(head.options.nominated);
        for (const { lower, value } of named) {
          if (!dropped.has(lower))
            expect(again.fields).toContainEqual(expect.objectContaining({ lower, value }));
        }
      }),
      { numRuns: 500 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});
