import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createServer as createHttpsServer } from 'node:https';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseStreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { fakeSocks } from './support/fake-socks.js';
import { freePort } from './support/free-port.js';
import { MASTER_URL, proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { listening, okay, sayingTarget } from './support/scripted-target.js';
import { selfSigned } from './support/self-signed.js';

const ONION = `${'t'.repeat(56)}.onion`;
const GET_AND_CLOSE = requestText('GET /', 'Connection: close');
const onion = { host: ONION, port: 80, route: 'onion' as const };

const temporaryDirectory = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'rb-proxy-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};

describe('an onion target', () => {
  it.each(['tcp', 'unix'])(
    'is reached through a SOCKS port over %s, which is given its name and not an address',
    async (kind) => {
      const target = await sayingTarget(okay('through Tor'));
      const path = kind === 'unix' ? { path: join(await temporaryDirectory(), 's') } : {};
      const socks = await fakeSocks({ leadsTo: target.port, ...path });
      const { listen } = await proxyTo({
        target: onion,
        options: { socks: parseStreamAddress(socks.address) },
      });
      expect(await sayAndListen(listen, GET_AND_CLOSE)).toContain('through Tor');
      expect(socks.requests).toEqual([{ host: ONION, port: 80, addressType: 3, user: null }]);
      expect(target.requests[0]).toContain(`Host: ${ONION}`);
    },
  );

  it('is reached on circuits of its own when a user name says so', async () => {
    const target = await sayingTarget(okay('x'));
    const socks = await fakeSocks({ leadsTo: target.port });
    const options = { socks: parseStreamAddress(socks.address), isolation: 'only-us' };
    const { listen } = await proxyTo({ target: onion, options });
    await sayAndListen(listen, GET_AND_CLOSE);
    expect(socks.requests[0]?.user).toBe('only-us');
  });

  it('that speaks first is heard in raw mode', async () => {
    const target = await greetingTarget('hello from the onion');
    const socks = await fakeSocks({ leadsTo: target });
    const options = { socks: parseStreamAddress(socks.address) };
    const { listen } = await proxyTo({ target: { ...onion, mode: 'raw' }, options });
    await rawClient(listen).hears('hello from the onion');
  });

  it.each([
    ['cannot be found', 4, 502, 'proxy.target-tor'],
    ['refuses', 5, 502, 'proxy.target-tor'],
    ['does not answer Tor in time', 6, 504, 'proxy.target-timeout'],
    ['fails in a way that has no name', 0xf0, 502, 'proxy.target-tor'],
    ['makes Tor hang up', 'close' as const, 502, 'proxy.target-tor'],
  ])('that %s gets the client a page', async (_, reply, status, code) => {
    const socks = await fakeSocks({ leadsTo: 1, reply });
    const proxy = await proxyTo({ target: onion, options: { socks: parseStreamAddress(socks.address) } });
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toMatch(
      new RegExp(`^HTTP/1\\.1 ${String(status)} `),
    );
    expect(proxy.traffic.lastFailure?.data.code).toBe(code);
  });

  it('that Tor is silent about gets the client 504 after the connect time-out', async () => {
    const socks = await fakeSocks({ leadsTo: 1, reply: 'silent' });
    const options = { socks: parseStreamAddress(socks.address) };
    const { listen } = await proxyTo({ target: onion, limits: { connectTimeoutMs: 150 }, options });
    expect(await sayAndListen(listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 504 /);
  });

  it('without a Tor is 502, and served as soon as Tor says where its port is', async () => {
    const target = await sayingTarget(okay('now'));
    const socks = await fakeSocks({ leadsTo: target.port });
    const proxy = await proxyTo({
      target: onion,
      options: { socks: { kind: 'tcp', host: '127.0.0.1', port: await freePort() } },
    });
    const client = rawClient(proxy.listen);
    await client.send(requestText('GET /')).hears('502 Bad Gateway');
    proxy.setSocks(null);
    await client.send(requestText('GET /')).hears(/502 Bad Gateway.*502 Bad Gateway/s);
    expect(proxy.traffic.lastFailure?.reason).toBe('not up yet');
    proxy.setSocks(parseStreamAddress(socks.address));
    await client.send(requestText('GET /')).hears('now');
  });
});

const greetingTarget = async (text: string): Promise<number> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(text);
  });
  onTestFinished(() => {
    server.close();
  });
  return listening(server);
};

describe('a target with TLS', () => {
  const NAME = 'localhost';

  const tlsTarget = async (certifiedName = NAME) => {
    const { cert, key } = selfSigned(certifiedName);
    const names: (string | false | undefined)[] = [];
    const server = createHttpsServer(
      { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) },
      (request, response) => {
        response.setHeader('Location', `https://${request.headers.host ?? ''}/next`).end('over TLS');
      },
    );
    server.on('secureConnection', (socket) => {
      if ('servername' in socket) names.push(socket.servername as string | false);
    });
    const port = await listening(server);
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port, cert, names };
  };

  it('is served when its certificate is vouched for, by its name (SNI), and https becomes http', async () => {
    const { port, cert, names } = await tlsTarget();
    const target = { host: NAME, port, tls: { verify: true } };
    const { listen } = await proxyTo({ target, options: { tlsAuthorities: cert } });
    const heard = await sayAndListen(listen, GET_AND_CLOSE);
    expect(heard).toContain('over TLS');
    expect(heard).toContain(`Location: ${MASTER_URL}/next\r\n`);
    expect(names).toEqual([NAME]);
  });

  it.each([
    ['nobody vouches for', NAME, false, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['names another host', 'other.example', true, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('is refused with a certificate that %s', async (_, certifiedName, vouched, reason) => {
    const { port, cert } = await tlsTarget(certifiedName);
    const target = { host: NAME, port, tls: { verify: true } };
    const proxy = await proxyTo({ target, options: vouched ? { tlsAuthorities: cert } : {} });
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.traffic.lastFailure?.data).toMatchObject({ code: 'proxy.target-tls', detail: { reason } });
  });

  it('is served with any certificate when verification is off', async () => {
    const { port } = await tlsTarget('other.example');
    const { listen } = await proxyTo({ target: { host: NAME, port, tls: { verify: false } } });
    expect(await sayAndListen(listen, GET_AND_CLOSE)).toContain('over TLS');
  });

  it('is served through Tor', async () => {
    const { port, cert, names } = await tlsTarget(ONION);
    const socks = await fakeSocks({ leadsTo: port });
    const options = { socks: parseStreamAddress(socks.address), tlsAuthorities: cert };
    const { listen } = await proxyTo({ target: { ...onion, port: 443, tls: { verify: true } }, options });
    expect(await sayAndListen(listen, GET_AND_CLOSE)).toContain('over TLS');
    expect(names).toEqual([ONION]);
  });

  it('that speaks no TLS is 502', async () => {
    const target = await sayingTarget(okay('plain'));
    const greeting = await greetingTarget('220 plain text\r\n');
    const proxy = await proxyTo({ target: { host: NAME, port: greeting, tls: { verify: true } } });
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.traffic.lastFailure?.kind).toBe('tls');
    expect(target.requests).toEqual([]);
  });

  it('that closes at once is 502', async () => {
    const server = createServer((socket) => socket.end());
    const port = await listening(server);
    onTestFinished(() => {
      server.close();
    });
    const proxy = await proxyTo({ target: { host: NAME, port, tls: { verify: true } } });
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.traffic.lastFailure?.kind).toBe('tls');
  });

  it('is passed in raw mode as plain bytes', async () => {
    const { cert, key } = selfSigned(NAME);
    const server = createTlsServer({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }) }, (socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    const port = await listening(server);
    onTestFinished(() => {
      server.close();
    });
    const target = { host: NAME, port, mode: 'raw' as const, tls: { verify: true } };
    const { listen } = await proxyTo({ target, options: { tlsAuthorities: cert } });
    const client = rawClient(listen).send('echo');
    await client.hears('echo');
    client.socket.end();
    await client.closed();
  });
});
