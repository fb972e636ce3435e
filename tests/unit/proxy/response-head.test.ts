import { describe, expect, it } from 'vitest';
import { parseResponseHead } from '@rustbalance/actors/proxy/http/response-head.js';

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
