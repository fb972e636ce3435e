import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Origin,
  authorityOf,
  moveOrigin,
  moveUrl,
  originText,
} from '@rustbalance/actors/proxy/http/origin.js';
import { LOCAL_TARGET, MASTER, MASTER_ORIGIN, ONION_TARGET, TARGET_ONION, TLS_TARGET } from './origins.js';

const M = `http://${MASTER}`;
const T = TARGET_ONION;

describe('a URL of the target moves to the master origin', () => {
  it.each([
    ['with a path', ONION_TARGET, `http://${T}/a?b#c`, `${M}/a?b#c`],
    ['without a path', ONION_TARGET, `http://${T}`, M],
    ['with a query only', ONION_TARGET, `http://${T}?q`, `${M}?q`],
    ['with the default port written out', ONION_TARGET, `http://${T}:80/a`, `${M}/a`],
    ['with an empty port', ONION_TARGET, `http://${T}:/a`, `${M}/a`],
    ['in upper case', ONION_TARGET, `HTTP://${T.toUpperCase()}/A`, `${M}/A`],
    ['without a scheme', ONION_TARGET, `//${T}/a`, `//${MASTER}/a`],
    ['of its WebSocket', ONION_TARGET, `ws://${T}/s`, `ws://${MASTER}/s`],
    ['with a user name', ONION_TARGET, `http://me:pw@${T}/`, `http://me:pw@${MASTER}/`],
    ['on a port of its own', LOCAL_TARGET, 'http://127.0.0.1:9101/x', `${M}/x`],
    ['over TLS', TLS_TARGET, 'https://www.example.org/x', `${M}/x`],
    ['over TLS with the default port', TLS_TARGET, 'https://www.example.org:443/x', `${M}/x`],
    ['over TLS, of its WebSocket', TLS_TARGET, 'wss://www.example.org/x', `ws://${MASTER}/x`],
    ['of an IPv6 address', { scheme: 'http', host: '[::1]', port: 8080 }, 'http://[::1]:8080/x', `${M}/x`],
  ] as const)('%s', (_, from, url, moved) => {
    expect(moveUrl(url, from, MASTER_ORIGIN)).toBe(moved);
  });

  it('to a master origin with a port of its own', () => {
    expect(moveUrl(`http://${T}/`, ONION_TARGET, { ...MASTER_ORIGIN, port: 8080 })).toBe(`${M}:8080/`);
  });
});

describe('a URL of anybody else stays as it is', () => {
  it.each([
    ['a longer host that begins with ours', ONION_TARGET, `http://${T}.evil.com/`],
    ['a longer label', ONION_TARGET, `http://${T}x/`],
    ['a subdomain of ours', ONION_TARGET, `http://a.${T}/`],
    ['ours as the user name', ONION_TARGET, `http://${T}@evil.com/`],
    ['ours as user name and password', ONION_TARGET, `http://${T}:80@evil.com/`],
    [
      'ours behind a backslash, which ends the authority in browsers',
      ONION_TARGET,
      `http://evil.com\\@${T}/`,
    ],
    ['ours in the path', ONION_TARGET, `http://evil.com/http://${T}/`],
    ['ours in the query', ONION_TARGET, `http://evil.com?u=http://${T}/`],
    ['ours in the fragment', ONION_TARGET, `http://evil.com#//${T}/`],
    ['another port', ONION_TARGET, `http://${T}:8080/`],
    ['a port that only begins like ours', ONION_TARGET, `http://${T}:800/`],
    ['a port that is no number', ONION_TARGET, `http://${T}:80x/`],
    ['the default port where ours is another', LOCAL_TARGET, 'http://127.0.0.1/'],
    ['another scheme', ONION_TARGET, `https://${T}/`],
    ['http where ours is https', TLS_TARGET, 'http://www.example.org/'],
    ['http at the port of our https', TLS_TARGET, 'http://www.example.org:443/'],
    ['a path', ONION_TARGET, '/a/b'],
    ['a path that looks like a host', ONION_TARGET, T],
    ['three slashes', ONION_TARGET, `///${T}/`],
    ['an opaque URL', ONION_TARGET, `mailto:x@${T}`],
    ['a scheme that ends like ours', ONION_TARGET, `xhttp://${T}/`],
    ['nothing', ONION_TARGET, ''],
  ] as const)('%s', (_, from, url) => {
    expect(moveUrl(url, from, MASTER_ORIGIN)).toBe(url);
  });
});

describe('a serialised origin', () => {
  it.each([
    [`http://${T}`, M],
    [`http://${T}:80`, M],
    [`http://${T}/`, `http://${T}/`],
    [`http://u@${T}`, `http://u@${T}`],
    [`//${T}`, `//${T}`],
    ['null', 'null'],
    ['*', '*'],
    [`http://${T}.evil.com`, `http://${T}.evil.com`],
  ])('%s becomes %s', (text, moved) => {
    expect(moveOrigin(text, ONION_TARGET, MASTER_ORIGIN)).toBe(moved);
  });
});

const originArb: fc.Arbitrary<Origin> = fc.record({
  scheme: fc.constantFrom('http' as const, 'https' as const),
  host: fc.oneof(
    fc.constantFrom(T, 'www.example.org', 'localhost', '127.0.0.1', '[::1]'),
    fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,8}){0,2}$/),
  ),
  port: fc.oneof(fc.constantFrom(80, 443, 8080), fc.integer({ min: 1, max: 65_535 })),
});
const pathArb = fc.stringMatching(/^(\/[\x21-\x7e]{0,30})?$/);

describe('moving URLs, for all origins', () => {
  it('there and back gives the same URL', () => {
    fc.assert(
      fc.property(originArb, pathArb, (target, path) => {
        fc.pre(originText(target) !== originText(MASTER_ORIGIN));
        const url = `${originText(target)}${path}`;
        const moved = moveUrl(url, target, MASTER_ORIGIN);
        expect(moved).toBe(`${M}${path}`);
        expect(moveUrl(moved, MASTER_ORIGIN, target)).toBe(url);
      }),
    );
  });

  it('what a browser would not resolve to the target is never touched, and what it would always is', () => {
    const defaultPort = (protocol: string): number => (protocol === 'https:' ? 443 : 80);
    const pieces = fc.array(
      fc.constantFrom(
        'http:',
        'https:',
        '//',
        '/',
        '\\',
        '@',
        ':',
        '?',
        '#',
        '.',
        'evil.com',
        T,
        MASTER,
        '80',
        '8080',
        'a',
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        const moved = moveUrl(text, ONION_TARGET, MASTER_ORIGIN);
        if (!URL.canParse(text)) {
          // Relative to the target's own pages such text is a path, or names a host without a scheme.
          expect(moved === text || text.startsWith('//')).toBe(true);
          return;
        }
        const url = new URL(text);
        const port = url.port === '' ? defaultPort(url.protocol) : Number(url.port);
        const isOurs = url.protocol === 'http:' && url.hostname === T && port === 80;
        if (moved !== text) {
          expect(isOurs).toBe(true);
          expect(new URL(moved).hostname).toBe(MASTER);
          expect(new URL(moved).pathname).toBe(url.pathname);
        } else if (text.startsWith(`http://${T}/`)) {
          expect.unreachable('a plain URL of the target was left as it was');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('authorities leave the default port out', () => {
    expect(authorityOf({ scheme: 'https', host: 'h', port: 443 })).toBe('h');
    expect(authorityOf({ scheme: 'https', host: 'h', port: 80 })).toBe('h:80');
  });
});
