import { describe, expect, it } from 'vitest';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { parseTargets } from '@rustbalance/actors/kernel/config/target.js';
import { targetOrigin } from '@rustbalance/actors/proxy/target/target-origin.js';
import { MASTER, TARGET_ONION } from './origins.js';

const parseAll = (target: Record<string, unknown>, proxy: Record<string, unknown> = {}) =>
  parseTargets(configSchema.parse({ node: { id: 'a' }, master: { onion_address: MASTER }, target, proxy }));

const parse = (target: Record<string, unknown>, proxy: Record<string, unknown> = {}) => {
  const targets = parseAll(target, proxy);
  return 'code' in targets ? targets : targets[0];
};

describe('a target', () => {
  it.each([
    ['http://127.0.0.1:9101', { mode: 'http', host: '127.0.0.1', port: 9101, route: 'direct', tls: null }],
    ['http://127.0.0.1', { mode: 'http', host: '127.0.0.1', port: 80, route: 'direct', tls: null }],
    ['http://localhost:8080/', { mode: 'http', host: 'localhost', port: 8080, route: 'direct', tls: null }],
    [
      'HTTPS://Web.Example',
      { mode: 'http', host: 'web.example', port: 443, route: 'direct', tls: { verify: true } },
    ],
    ['http://[::1]:8080', { mode: 'http', host: '::1', port: 8080, route: 'direct', tls: null }],
    ['tcp://10.0.0.5:22', { mode: 'raw', host: '10.0.0.5', port: 22, route: 'direct', tls: null }],
    [`http://${TARGET_ONION}`, { mode: 'http', host: TARGET_ONION, port: 80, route: 'onion', tls: null }],
    [
      `https://www.${TARGET_ONION}:8443`,
      { mode: 'http', host: `www.${TARGET_ONION}`, port: 8443, route: 'onion', tls: { verify: true } },
    ],
    [
      `tcp://${TARGET_ONION.toUpperCase()}:6667`,
      { mode: 'raw', host: TARGET_ONION, port: 6667, route: 'onion', tls: null },
    ],
    ['http://web_1:8080', { mode: 'http', host: 'web_1', port: 8080, route: 'direct', tls: null }],
  ])('in its short form: %s', (url, target) => {
    expect(parse({ url })).toEqual(target);
  });

  it('in its long form', () => {
    expect(parse({ onion_address: TARGET_ONION, port: 8443, use_tls: true, tls_verify: false })).toEqual({
      mode: 'http',
      host: TARGET_ONION,
      port: 8443,
      route: 'onion',
      tls: { verify: false },
    });
    expect(parse({ onion_address: '127.0.0.1', port: 22, mode: 'raw' })).toMatchObject({
      mode: 'raw',
      tls: null,
    });
  });

  it('in raw mode over TLS', () => {
    expect(parse({ url: 'tcp://127.0.0.1:993', use_tls: true })).toMatchObject({
      mode: 'raw',
      tls: { verify: true },
    });
  });

  it('knows itself by an origin with its address in brackets', () => {
    const target = parse({ url: 'http://[::1]:8080' });
    if ('code' in target) throw new Error(target.what);
    expect(targetOrigin(target)).toEqual({ scheme: 'http', host: '[::1]', port: 8080 });
  });
});

describe('several targets', () => {
  it('keep their order, each with its own host, port and TLS', () => {
    const urls = ['http://10.0.0.5:8080', 'https://web.example', `http://${TARGET_ONION}`];
    expect(parseAll({ urls })).toMatchObject([
      { host: '10.0.0.5', port: 8080, tls: null },
      { host: 'web.example', port: 443, tls: { verify: true } },
      { host: TARGET_ONION, route: 'onion' },
    ]);
  });

  it.each([
    ['beside url', { url: 'http://a', urls: ['http://b'] }, 'config.target-twice', 'target.urls'],
    ['of two kinds', { urls: ['http://a', 'tcp://b:22'] }, 'target.mixed-modes', 'target.urls[1]'],
    ['twice the same', { urls: ['http://a', 'http://b', 'http://A:80'] }, 'target.twice', 'target.urls[2]'],
    ['one of them broken', { urls: ['http://a', 'http://'] }, 'target.bad-host', 'target.urls[1]'],
    ['the service itself', { urls: ['http://a', `http://${MASTER}`] }, 'target.is-itself', 'target.urls[1]'],
  ])('are refused %s', (_, target, code, where) => {
    expect(parse(target)).toMatchObject({ code, where });
  });
});

describe('a target that cannot be used is refused by name', () => {
  it.each([
    ['nothing', {}, 'config.target-missing', 'target.url'],
    ['both forms', { url: 'http://a', onion_address: 'b' }, 'config.target-twice', 'target.onion_address'],
    ['no scheme', { url: '127.0.0.1:80' }, 'target.bad-url', 'target.url'],
    ['a path', { url: 'http://127.0.0.1/app' }, 'target.bad-url', 'target.url'],
    ['a query', { url: 'http://127.0.0.1?x' }, 'target.bad-url', 'target.url'],
    ['a user', { url: 'http://me@127.0.0.1' }, 'target.bad-url', 'target.url'],
    ['a space', { url: ' http://127.0.0.1' }, 'target.bad-url', 'target.url'],
    ['a line end', { url: 'http://127.0.0.1\n' }, 'target.bad-url', 'target.url'],
    ['an unknown scheme', { url: 'ftp://127.0.0.1' }, 'target.bad-scheme', 'target.url'],
    ['a scheme of the prototype', { url: 'constructor://127.0.0.1' }, 'target.bad-scheme', 'target.url'],
    ['tcp without a port', { url: 'tcp://127.0.0.1' }, 'target.port-missing', 'target.url'],
    ['port 0', { url: 'http://127.0.0.1:0' }, 'target.bad-port', 'target.url'],
    ['port 65536', { url: 'http://127.0.0.1:65536' }, 'target.bad-port', 'target.url'],
    ['an empty host', { url: 'http://' }, 'target.bad-host', 'target.url'],
    ['a host with blanks', { url: 'http://a b' }, 'target.bad-url', 'target.url'],
    ['a number for a host', { url: 'http://2130706433' }, 'target.bad-host', 'target.url'],
    ['half an address', { url: 'http://127.1' }, 'target.bad-host', 'target.url'],
    ['IPv4 in brackets', { url: 'http://[127.0.0.1]' }, 'target.bad-host', 'target.url'],
    ['a URL in the long form', { onion_address: 'http://a' }, 'target.bad-host', 'target.onion_address'],
    ['a port in the long form', { onion_address: 'a:80' }, 'target.bad-host', 'target.onion_address'],
    [
      'a mistyped onion address',
      { url: `http://b${TARGET_ONION.slice(1)}` },
      'target.bad-onion',
      'target.url',
    ],
    ['an old onion address', { url: 'http://expyuzz4wqqyqhjn.onion' }, 'target.bad-onion', 'target.url'],
    ['the master address', { url: `http://${MASTER}` }, 'target.is-itself', 'target.url'],
    ['below the master address', { url: `http://www.${MASTER}` }, 'target.is-itself', 'target.url'],
    [
      'a port that contradicts',
      { url: 'http://127.0.0.1:9101', port: 9102 },
      'target.contradiction',
      'target.port',
    ],
    [
      'TLS that contradicts',
      { url: 'http://127.0.0.1', use_tls: true },
      'target.contradiction',
      'target.use_tls',
    ],
    [
      'a mode that contradicts',
      { url: 'http://127.0.0.1', mode: 'raw' },
      'target.contradiction',
      'target.mode',
    ],
  ])('%s', (_, target, code, where) => {
    expect(parse(target)).toMatchObject({ code, where });
  });

  it('the proxy itself', () => {
    expect(parse({ url: 'http://127.0.0.1:8080' }, { listen: '127.0.0.1:8080' })).toMatchObject({
      code: 'target.is-itself',
    });
  });

  it('without its address in the error', () => {
    const error = parse({ url: `http://b${TARGET_ONION.slice(1)}` });
    expect(JSON.stringify(error)).not.toContain(TARGET_ONION.slice(1, 50));
  });
});
