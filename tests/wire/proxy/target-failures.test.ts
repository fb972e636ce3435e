import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';
import { freePort } from './support/free-port.js';

const GET = requestText('GET /');
const GET_AND_CLOSE = requestText('GET /', 'Connection: close');

describe('a target that gives no proper answer: the client gets a page, never a hang', () => {
  it('502 when nobody listens there, and the connection stays usable', async () => {
    const proxy = await proxyTo({ target: { port: await freePort() } });
    const client = rawClient(proxy.listen);
    expect(await client.send(GET).hears('</html>')).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    await client.send(GET).hears(/<\/html>.*<\/html>/s);
    expect(client.heard).not.toMatch(/ECONN|127\.0\.0\.1|refused/i);
    expect(proxy.traffic.lastFailure?.data).toMatchObject({
      code: 'proxy.target-unreachable',
      detail: { reason: 'ECONNREFUSED' },
    });
  });

  it('a page without its body for HEAD', async () => {
    const { listen } = await proxyTo({ target: { port: await freePort() } });
    expect(await sayAndListen(listen, requestText('HEAD /', 'Connection: close'))).toMatch(
      /^HTTP\/1\.1 502 .*\r\n\r\n$/s,
    );
  });

  it('502 also for a request with a body, which is not waited for', async () => {
    const { listen } = await proxyTo({ target: { port: await freePort() } });
    const heard = await sayAndListen(listen, requestText('POST /', 'Content-Length: 1000'));
    expect(heard).toMatch(/^HTTP\/1\.1 502 .*Connection: close/s);
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a bad status line', 'HTTP/1.1 OK\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a field without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['fields that are too large', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(9000)}\r\n\r\n`],
    ['too many fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(101)}\r\n`],
    ['fields without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5000)}`],
    ['a flood of interim responses', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50)],
    ['bad chunks at once', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('502 for %s', async (_, answer) => {
    const target = await sayingTarget(answer);
    const proxy = await proxyTo({ target });
    const heard = await sayAndListen(proxy.listen, GET_AND_CLOSE);
    expect(heard).toMatch(/(^|\r\n\r\n)HTTP\/1\.1 502 Bad Gateway\r\n.*<\/html>\n$/s);
    expect(proxy.traffic.lastFailure?.data.code).toBe('proxy.target-broken');
    await eventually('its connection is closed', () => target.openConnections() === 0, {
      timeoutMs: 4000,
      everyMs: 5,
    });
  });

  it.each([
    ['closes without an answer', (socket: Socket) => socket.end()],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy()],
  ])('502 when it %s', async (_, act) => {
    const target = await scriptedTarget(act);
    const { listen } = await proxyTo({ target });
    expect(await sayAndListen(listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 502 /);
    expect(target.connections()).toBe(1);
  });

  it('504 when it is silent for the idle time-out', async () => {
    const target = await scriptedTarget(() => undefined);
    const proxy = await proxyTo({ target, limits: { idleTimeoutMs: 150 } });
    const told = measuring('a target accepts and stays silent (time-out 0.15 s): the client has its page');
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
    told();
    expect(proxy.traffic.lastFailure?.data.code).toBe('proxy.target-timeout');
    await eventually('its connection is closed', () => target.openConnections() === 0, {
      timeoutMs: 4000,
      everyMs: 5,
    });
  });

  it('504 when its head never ends', async () => {
    const target = await sayingTarget('HTTP/1.1 200 OK\r\nX: y');
    const { listen } = await proxyTo({ target, limits: { idleTimeoutMs: 150 } });
    expect(await sayAndListen(listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 504 /);
  });
});

describe('a response that breaks off after its head', () => {
  it.each([
    ['shorter than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort', true],
    ['reset within its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort', false],
    ['without its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n', true],
    ['reset before its close', 'HTTP/1.1 200 OK\r\n\r\nshort', false],
  ])('is seen by the client as such: %s', async (_, answer, orderly) => {
    const target = await scriptedTarget((socket) => {
      socket.write(answer, () => setTimeout(() => (orderly ? socket.end() : socket.resetAndDestroy()), 20));
    });
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(GET);
    await client.hears('short');
    const heard = await client.closed();
    expect(heard).not.toContain('\r\n0\r\n\r\n');
    expect(heard).not.toContain('502');
    expect(proxy.traffic.lastFailure?.data.code).toBe('proxy.target-broken');
  });

  it('is a reset for an HTTP/1.0 client, to whom an orderly close would be the end of the body', async () => {
    const target = await scriptedTarget((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n', () =>
        setTimeout(() => socket.end(), 20),
      );
    });
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen).send('GET / HTTP/1.0\r\n\r\n');
    await client.closed();
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('closes the connection when nothing comes any more', async () => {
    const target = await sayingTarget('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort');
    const { listen } = await proxyTo({ target, limits: { idleTimeoutMs: 800 } });
    expect((await rawClient(listen).send(GET).closed()).endsWith('short')).toBe(true);
  });
});

describe('connections to the target', () => {
  it('with bytes behind the response are not used again', async () => {
    const target = await sayingTarget(`${okay('fine')}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`);
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(GET).hears('fine');
    await client.send(GET).hears(/fine.*fine/s);
    expect(client.heard).not.toContain('poison');
    expect(target.connections()).toBe(2);
  });

  it('on which bytes come unasked are closed, and their bytes answer nobody', async () => {
    const target = await scriptedTarget((socket, _, nth) => {
      socket.write(okay(`answer ${String(nth)}`), () => {
        if (nth === 0) setTimeout(() => socket.write(okay('poison')), 20);
      });
    });
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(GET).hears('answer 0');
    await eventually('the first connection is closed', () => target.openConnections() === 0, {
      timeoutMs: 4000,
      everyMs: 5,
    });
    await client.send(GET).hears('answer 1');
    expect(client.heard).not.toContain('poison');
  });

  it('that turn out to be dead are replaced for an idempotent request', async () => {
    const target = await scriptedTarget((socket, _, nth, connection) => {
      if (connection === 0 && nth > 0) socket.resetAndDestroy();
      else socket.write(okay(`on ${String(connection)}`));
    });
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(GET).hears('on 0');
    await client.send(GET).hears('on 1');
    expect(client.heard).not.toContain('502');
  });

  it('that turn out to be dead are not replaced for a request that might do something twice', async () => {
    const target = await scriptedTarget((socket, head, nth) => {
      if (nth > 0) socket.resetAndDestroy();
      else socket.write(okay('first'));
    });
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(GET).hears('first');
    await client.send(requestText('POST /', 'Content-Length: 0')).hears('502 Bad Gateway');
    expect(target.requests).toHaveLength(2);
  });

  it('are left before the target would close them itself', async () => {
    const target = await sayingTarget(okay('hi', 'Keep-Alive: timeout=1'));
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(GET).hears('hi');
    await eventually('it is closed', () => target.openConnections() === 0, { timeoutMs: 2000, everyMs: 5 });
  });

  it('are closed when their client leaves in the middle', async () => {
    const target = await sayingTarget('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin');
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen).send(GET);
    await client.hears('begin');
    client.socket.resetAndDestroy();
    await eventually('it is closed', () => target.openConnections() === 0, { timeoutMs: 3000, everyMs: 5 });
  });
});
