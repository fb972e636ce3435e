import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isRepeatable,
  parseRequestHead,
  type RequestHead,
} from '@rustbalance/actors/proxy/http/request-head.js';

const MAX_FIELDS = 20;
const parse = (...lines: string[]) => parseRequestHead(lines.join('\r\n'), MAX_FIELDS);
const good = (...lines: string[]): RequestHead => {
  const head = parse(...lines);
  if (typeof head === 'string') throw new Error(`refused: ${head}`);
  return head;
};
const GET = 'GET / HTTP/1.1';
const POST = 'POST / HTTP/1.1';
const HOST = 'Host: a.onion';

describe('a request that could be read in two ways is refused', () => {
  it.each([
    [
      'Content-Length and Transfer-Encoding',
      'ambiguous-length',
      [POST, HOST, 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ],
    [
      'Transfer-Encoding and Content-Length',
      'ambiguous-length',
      [POST, HOST, 'Transfer-Encoding: chunked', 'Content-Length: 3'],
    ],
    ['two different lengths', 'ambiguous-length', [POST, HOST, 'Content-Length: 3', 'Content-Length: 4']],
    ['the same length twice', 'ambiguous-length', [POST, HOST, 'Content-Length: 3', 'Content-Length: 3']],
    ['a list of lengths', 'bad-content-length', [POST, HOST, 'Content-Length: 3, 3']],
    ['a signed length', 'bad-content-length', [POST, HOST, 'Content-Length: +3']],
    ['a negative length', 'bad-content-length', [POST, HOST, 'Content-Length: -1']],
    ['a hexadecimal length', 'bad-content-length', [POST, HOST, 'Content-Length: 0x3']],
    ['an empty length', 'bad-content-length', [POST, HOST, 'Content-Length:']],
    ['a length beyond 2^53', 'bad-content-length', [POST, HOST, 'Content-Length: 9007199254740993']],
    ['chunked not alone', 'bad-transfer-coding', [POST, HOST, 'Transfer-Encoding: gzip, chunked']],
    ['chunked twice', 'bad-transfer-coding', [POST, HOST, 'Transfer-Encoding: chunked, chunked']],
    [
      'chunked in two fields',
      'bad-transfer-coding',
      [POST, HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ],
    ['a coding that begins like chunked', 'bad-transfer-coding', [POST, HOST, 'Transfer-Encoding: chunkedx']],
    ['a vertical tab before chunked', 'bad-field-value', [POST, HOST, 'Transfer-Encoding: \vchunked']],
    ['identity', 'bad-transfer-coding', [POST, HOST, 'Transfer-Encoding: identity']],
    ['an empty coding', 'bad-transfer-coding', [POST, HOST, 'Transfer-Encoding:']],
    ['chunked in HTTP/1.0', 'bad-transfer-coding', ['POST / HTTP/1.0', HOST, 'Transfer-Encoding: chunked']],
    ['a folded line', 'bad-field-line', [GET, HOST, 'X: a', ' b: c']],
    ['a folded line with a tab', 'bad-field-line', [GET, HOST, 'X: a', '\tb: c']],
    ['a space before the colon', 'bad-field-line', [POST, HOST, 'Content-Length : 3']],
    ['a space before the first field', 'bad-field-line', [GET, ' Host: a']],
    ['a line without a colon', 'bad-field-line', [GET, HOST, 'nonsense']],
    ['an empty name', 'bad-field-line', [GET, HOST, ': x']],
    ['a NUL in a name', 'bad-field-line', [GET, HOST, 'X\0: y']],
    ['a NUL in a value', 'bad-field-value', [GET, HOST, 'X: y\0z']],
    ['a bare LF in a value', 'bad-field-value', [GET, HOST, 'X: y\nEvil: z']],
    ['a bare CR in a value', 'bad-field-value', [GET, HOST, 'X: y\rEvil: z']],
    ['a delete character in a value', 'bad-field-value', [GET, HOST, 'X: \x7f']],
    ['a name in UTF-8', 'bad-field-line', [GET, HOST, 'X\xc3\xa9: y']],
    ['no Host', 'bad-host', [GET, 'X: y']],
    ['two Hosts', 'bad-host', [GET, HOST, HOST]],
    ['a Host with a path', 'bad-host', [GET, 'Host: a.onion/x']],
    ['a Host with a user', 'bad-host', [GET, 'Host: x@a.onion']],
    ['a Host with a space', 'bad-host', [GET, 'Host: a b']],
    ['a tab between method and target', 'bad-request-line', ['GET\t/ HTTP/1.1', HOST]],
    ['two spaces', 'bad-request-line', ['GET  / HTTP/1.1', HOST]],
    ['a space in the target', 'bad-request-line', ['GET /a b HTTP/1.1', HOST]],
    ['a fragment in the target', 'bad-request-line', ['GET /a#b HTTP/1.1', HOST]],
    ['a target in UTF-8', 'bad-request-line', ['GET /\xc3\xa9 HTTP/1.1', HOST]],
    ['a method that is no token', 'bad-request-line', ['G(T / HTTP/1.1', HOST]],
    ['HTTP/0.9', 'bad-request-line', ['GET /']],
    ['a lower-case version', 'bad-request-line', ['GET / http/1.1', HOST]],
    ['a space behind the version', 'bad-request-line', ['GET / HTTP/1.1 ', HOST]],
    ['HTTP/2', 'bad-version', ['PRI * HTTP/2.0']],
    ['HTTP/1.2', 'bad-version', ['GET / HTTP/1.2', HOST]],
    ['a relative target', 'bad-target', ['GET a/b HTTP/1.1', HOST]],
    ['an asterisk for GET', 'bad-target', ['GET * HTTP/1.1', HOST]],
    ['a target of another scheme', 'bad-target', ['GET ftp://a/b HTTP/1.1', HOST]],
    ['an absolute target without a host', 'bad-target', ['GET http:///b HTTP/1.1', HOST]],
    ['an absolute target with a user', 'bad-target', ['GET http://a@b/ HTTP/1.1', HOST]],
    ['CONNECT', 'connect-refused', ['CONNECT a.onion:443 HTTP/1.1', HOST]],
    ['an unknown expectation', 'bad-expectation', [POST, HOST, 'Expect: 200-ok', 'Content-Length: 1']],
    [
      'too many fields',
      'too-many-fields',
      [GET, HOST, ...Array.from({ length: MAX_FIELDS }, (_, i) => `X${String(i)}: y`)],
    ],
  ])('%s', (_, fault, lines) => {
    expect(parse(...lines)).toBe(fault);
  });
});

describe('a well-formed request is understood', () => {
  it('with its fields in the order and spelling of the wire', () => {
    expect(good(GET, HOST, 'X-One:  a b \t', 'x-two:').fields).toEqual([
      { name: 'Host', lower: 'host', value: 'a.onion' },
      { name: 'X-One', lower: 'x-one', value: 'a b' },
      { name: 'x-two', lower: 'x-two', value: '' },
    ]);
  });

  it.each([
    ['GET', '/a?b=c', '/a?b=c'],
    ['GET', 'http://other.example/a?b', '/a?b'],
    ['GET', 'HTTP://other.example', '/'],
    ['GET', 'http://other.example?q', '/?q'],
    ['OPTIONS', '*', '*'],
    ['OPTIONS', 'http://other.example', '*'],
    ['GET', '//a/b', '//a/b'],
  ])('%s %s has the path %s', (method, target, path) => {
    expect(good(`${method} ${target} HTTP/1.1`, HOST).path).toBe(path);
  });

  it.each([
    ['no length', [], { kind: 'none' }],
    ['length 0', ['Content-Length: 0'], { kind: 'none' }],
    ['a length', ['Content-Length: 0012'], { kind: 'length', length: 12 }],
    ['chunked', ['Transfer-Encoding: Chunked'], { kind: 'chunked' }],
  ])('%s', (_, lines, framing) => {
    expect(good(POST, HOST, ...lines).framing).toEqual(framing);
  });

  it.each([
    ['HTTP/1.1', [], true],
    ['HTTP/1.1', ['Connection: close'], false],
    ['HTTP/1.1', ['Connection: x', 'connection: Foo, CLOSE'], false],
    ['HTTP/1.0', [], false],
    ['HTTP/1.0', ['Connection: Keep-Alive'], true],
    ['HTTP/1.0', ['Connection: keep-alive, close'], false],
  ])('%s %j persists: %s', (version, lines, persists) => {
    expect(good(`GET / ${version}`, HOST, ...lines).persists).toBe(persists);
  });

  it.each([
    ['a WebSocket', ['Connection: keep-alive, Upgrade', 'Upgrade: websocket'], 'websocket'],
    ['without the Connection option', ['Upgrade: websocket'], null],
    [
      'HTTP/2 in clear text, which would pass by the rewriting',
      ['Connection: Upgrade', 'Upgrade: h2c'],
      null,
    ],
    [
      'of which the target may choose',
      ['Connection: Upgrade', 'Upgrade: foo/2, WebSocket'],
      'foo/2, WebSocket',
    ],
    ['HTTP/2 behind another choice', ['Connection: Upgrade', 'Upgrade: foo, h2c'], null],
    ['HTTP/2 before another choice', ['Connection: Upgrade', 'Upgrade: H2C , websocket'], null],
    ['HTTP of a version', ['Connection: Upgrade', 'Upgrade: websocket,HTTP/2.0'], null],
    ['TLS', ['Connection: Upgrade', 'Upgrade: ,\ttls/1.0'], null],
    ['a list that is none', ['Connection: Upgrade', 'Upgrade: foo h2c'], null],
    ['of nothing', ['Connection: Upgrade', 'Upgrade: ,'], null],
    ['in a second field', ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c'], 'websocket'],
    ['with a body', ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 1'], null],
  ])('an upgrade: %s', (_, lines, upgrade) => {
    expect(good(GET, HOST, ...lines).upgrade).toBe(upgrade);
  });

  it('an HTTP/1.0 request needs no Host, and its expectation is ignored', () => {
    const head = good('POST / HTTP/1.0', 'Content-Length: 1', 'Expect: 100-continue');
    expect([head.minor, head.expectsContinue]).toEqual([0, false]);
  });

  it('only an idempotent request without a body is repeatable', () => {
    expect(isRepeatable(good(GET, HOST))).toBe(true);
    expect(isRepeatable(good(POST, HOST))).toBe(false);
    expect(isRepeatable(good('PUT / HTTP/1.1', HOST, 'Content-Length: 1'))).toBe(false);
  });
});

describe('parsing, for all texts', () => {
  it('never throws, and accepted fields are tokens with values of one line', () => {
    const line = fc.constantFrom(
      GET,
      POST,
      HOST,
      'Content-Length: 1',
      'X: y',
      ' fold',
      'Transfer-Encoding: chunked',
      '',
    );
    const noise = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: line }, noise), { maxLength: 8 }),
        fc.constantFrom('\r\n', '\n'),
        (lines, end) => {
          const head = parseRequestHead(lines.join(end), MAX_FIELDS);
          if (typeof head === 'string') return;
          for (const { name, value } of head.fields) {
            expect(name).toMatch(/^[!-9;-~]+$/);
            expect(value).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
