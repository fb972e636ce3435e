import { describe, expect, it } from 'vitest';
import { errorPage } from '@rustbalance/actors/proxy/http/error-page.js';
import { allowedTrailers } from '@rustbalance/actors/proxy/http/connection-options.js';
import { parseRequestHead } from '@rustbalance/actors/proxy/http/request-head.js';
import { parseResponseHead } from '@rustbalance/actors/proxy/http/response-head.js';
import { writeRequestHead, writeResponseHead } from '@rustbalance/actors/proxy/http/write-head.js';
import { LOCAL_TARGET, MASTER, MASTER_ORIGIN } from './origins.js';

const ORIGINS = { target: LOCAL_TARGET, master: MASTER_ORIGIN };

const request = (...lines: string[]): string[] => {
  const head = parseRequestHead(['GET /x HTTP/1.1', `Host: ${MASTER}`, ...lines].join('\r\n'), 50);
  if (typeof head === 'string') throw new Error(head);
  return writeRequestHead(head, ORIGINS).split('\r\n').slice(0, -2);
};
const response = (lines: string[], status = 200, chunked = false): string[] => {
  const head = parseResponseHead([`HTTP/1.1 ${String(status)} Fine`, ...lines].join('\r\n'), 'GET', 50);
  if (typeof head === 'string') throw new Error(head);
  return writeResponseHead(head, { chunked, connection: null }, ORIGINS).split('\r\n').slice(0, -2);
};
const START = ['GET /x HTTP/1.1', 'Host: 127.0.0.1:9101'];

describe('the request that the target gets', () => {
  it('has the Host of the target, and the other fields as the client wrote them', () => {
    expect(request('User-Agent: x', 'aCCept: */*')).toEqual([...START, 'User-Agent: x', 'aCCept: */*']);
  });

  it.each([
    [
      'what belongs to the connection',
      [
        'Connection: keep-alive',
        'Keep-Alive: 5',
        'Proxy-Connection: x',
        'Proxy-Authorization: y',
        'TE: gzip',
      ],
    ],
    ['what Connection nominates', ['Connection: X-Mine, close', 'X-Mine: 1']],
    [
      'an upgrade to HTTP/2',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    ],
    [
      'what a client says of addresses',
      [
        'X-Forwarded-For: 127.0.0.1',
        'X-Real-IP: 10.0.0.1',
        'Forwarded: for=127.0.0.1',
        'x-forwarded-proto: https',
      ],
    ],
    [
      'what a client says of addresses to a target that folds names',
      ['X_Forwarded_For: 127.0.0.1', 'x_real-ip: 10.0.0.1', 'X.Forwarded.Proto: https', 'CLIENT_IP: ::1'],
    ],
    [
      'what a client says in the name of a proxy that is not there',
      [
        'Client-IP: 127.0.0.1',
        'X-Cluster-Client-IP: 127.0.0.1',
        'True-Client-IP: 127.0.0.1',
        'CF-Connecting-IP: 127.0.0.1',
        'X-Forwarded: for=127.0.0.1',
      ],
    ],
  ])('is without %s', (_, lines) => {
    expect(request(...lines)).toEqual(START);
  });

  it('has fields that only look like claims, in the spelling of the client', () => {
    const fields = ['X_Real_Ipsum: a', 'My-Client-IP: b', 'Forwarded_By: c', 'x.y: d'];
    expect(request(...fields)).toEqual([...START, ...fields]);
  });

  it('keeps its Host and its length though Connection nominates them', () => {
    expect(request('Connection: Host, Content-Length', 'Content-Length: 5')).toEqual([
      ...START,
      'Content-Length: 5',
    ]);
  });

  it.each([
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Content-Length: 007', 'Content-Length: 7'],
    ['Content-Length: 0', 'Content-Length: 0'],
  ])('frames %s as %s', (line, written) => {
    expect(request(line)).toEqual([...START, written]);
  });

  it('asks for a WebSocket when the client did', () => {
    expect(request('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: k')).toEqual([
      ...START,
      'Sec-WebSocket-Key: k',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ]);
  });

  it('says that trailers are welcome when the client did', () => {
    expect(request('TE: trailers, deflate')).toEqual([...START, 'Connection: TE', 'TE: trailers']);
  });
});

describe('the response that the client gets', () => {
  it('has no fields of the connection to the target and no way around the onion address', () => {
    expect(
      response([
        'Server: s',
        'Connection: X-Hop',
        'X-Hop: 1',
        'Keep-Alive: timeout=5',
        'Alt-Svc: h2="a.example:443"',
      ]),
    ).toEqual(['HTTP/1.1 200 Fine', 'Server: s']);
  });

  it('says that it is chunked where this proxy makes it so', () => {
    expect(response([], 200, true)).toEqual(['HTTP/1.1 200 Fine', 'Transfer-Encoding: chunked']);
  });

  it('has no length where there can be no body, and keeps that of a 304', () => {
    expect(response(['Content-Length: 5'], 204)).toEqual(['HTTP/1.1 204 Fine']);
    expect(response(['Content-Length: 5'], 304)).toEqual(['HTTP/1.1 304 Fine', 'Content-Length: 5']);
  });

  it('moves each of several cookies', () => {
    expect(response(['Set-Cookie: a=1; Domain=127.0.0.1', 'Set-Cookie: b=2'])).toEqual([
      'HTTP/1.1 200 Fine',
      `Set-Cookie: a=1; Domain=${MASTER}`,
      'Set-Cookie: b=2',
    ]);
  });
});

describe('trailers', () => {
  it.each([
    'Content-Length',
    'Transfer-Encoding',
    'Host',
    'Authorization',
    'Cookie',
    'Set-Cookie',
    'X-Forwarded-For',
    'X-Real-IP',
    'X_Forwarded_For',
    'Client-IP',
    'Forwarded',
    'Content_Type',
    'If-Match',
    'If_Match',
    'Connection',
  ])('never carry %s', (name) => {
    expect(allowedTrailers([{ name, lower: name.toLowerCase(), value: 'x' }])).toEqual([]);
  });

  it('carry what is theirs', () => {
    const digest = { name: 'Digest', lower: 'digest', value: 'x' };
    expect(allowedTrailers([digest])).toEqual([digest]);
  });
});

describe('an error page', () => {
  it.each([400, 405, 408, 417, 431, 502, 503, 504, 505])(
    '%i names its status and its true length',
    (status) => {
      const [head = '', body = ''] = errorPage(status, { withBody: true, close: true }).split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} [A-Z]`));
      expect(head).toContain(`Content-Length: ${String(body.length)}`);
      expect(head).toContain('Connection: close');
      expect(head).not.toContain('Date');
      expect(body).not.toMatch(/rustbalance|proxy|node|tor\b|127\.0\.0\.1/i);
    },
  );

  it('has no body for HEAD but the length of one', () => {
    expect(errorPage(502, { withBody: false, close: false })).toMatch(
      /Content-Length: [1-9]\d*\r\n.*\r\n\r\n$/s,
    );
  });
});
