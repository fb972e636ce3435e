import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TargetFailure } from '@rustbalance/actors/proxy/target/target-failure.js';
import { eventually } from '../../support/eventually.js';
import { measured } from '../../support/measured.js';
import { freePort } from './support/free-port.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { listening, okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const GET_AND_CLOSE = requestText('GET /', 'Connection: close');
const well = { state: 'well' as const, failures: 0 };
const down = { state: 'down' as const, failures: 3 };
const PATIENCE = { timeoutMs: 4500, everyMs: 5 };

/** Resets what it is asked, before any byte of an answer. */
const resettingTarget = () =>
  scriptedTarget((socket) => {
    socket.resetAndDestroy();
  });

describe('requests before several targets', () => {
  it('take turns while all are well, each answered from the origin of its own', async () => {
    const targets = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        scriptedTarget((socket, head) => {
          const host = /\r\nHost: (\S+)/.exec(head)?.[1] ?? '';
          socket.write(okay(name, `Location: http://${host}/next`));
        }),
      ),
    );
    const [target, ...others] = targets;
    const { listen } = await proxyTo({ target: target!, others });
    for (let n = 0; n < 9; n++)
      expect(await sayAndListen(listen, GET_AND_CLOSE)).toMatch(/Location: http:\/\/m{56}\.onion\/next\r\n/);
    expect(targets.map(({ requests }) => requests.length)).toEqual([3, 3, 3]);
    for (const { requests, port } of targets)
      expect(requests[0]).toContain(`Host: 127.0.0.1:${String(port)}`);
  });

  it('go to the one that answers while another hangs', async () => {
    const hung = await scriptedTarget(() => undefined);
    const quick = await sayingTarget(okay('quick'));
    const { listen } = await proxyTo({ target: hung, others: [quick] });
    const waiting = rawClient(listen).send(requestText('GET /'));
    await eventually('one hangs', () => hung.requests.length === 1, PATIENCE);
    for (let n = 0; n < 20; n++) expect(await sayAndListen(listen, GET_AND_CLOSE)).toContain('quick');
    expect(hung.requests).toHaveLength(1);
    expect(waiting.heard).toBe('');
  });

  it('never go to one that its probes found down', async () => {
    const ill = await sayingTarget(okay('ill'));
    const fine = await sayingTarget(okay('fine'));
    const proxy = await proxyTo({ target: ill, others: [fine] });
    proxy.judge([down, well]);
    for (let n = 0; n < 6; n++) expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toContain('fine');
    expect(ill.connections()).toBe(0);
    proxy.judge([well, well]);
    await sayAndListen(proxy.listen, GET_AND_CLOSE);
    await sayAndListen(proxy.listen, GET_AND_CLOSE);
    expect(ill.requests).toHaveLength(1);
  });
});

describe('a request whose target fails', () => {
  it('before a connection is made goes to another, whatever its method, with its whole body', async () => {
    const fine = await scriptedTarget((socket) => socket.write(okay('fine')));
    const proxy = await proxyTo({ target: { port: await freePort() }, others: [fine] });
    for (let n = 0; n < 4; n++) {
      const post = `${requestText('POST /', 'Content-Length: 4', 'Connection: close')}body`;
      expect(await sayAndListen(proxy.listen, post)).toMatch(/^HTTP\/1\.1 200 OK.*fine$/s);
    }
    expect(fine.requests).toHaveLength(4);
    expect(fine.received.every((text) => (text.match(/body/g)?.length ?? 0) >= 1)).toBe(true);
    expect(proxy.traffic.retriesTotal).toBeGreaterThanOrEqual(1);
    expect(proxy.targetViews().map(({ failuresTotal }) => failuresTotal)[1]).toBe(0);
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])(
    'before the first byte of its answer goes to another: %s',
    async (method) => {
      const broken = await resettingTarget();
      const fine = await sayingTarget(okay(''));
      const proxy = await proxyTo({ target: broken, others: [fine] });
      // One of the two comes to the broken one first.
      const tookMs: number[] = [];
      for (let n = 0; n < 2; n++) {
        const began = performance.now();
        const answer = await sayAndListen(proxy.listen, requestText(`${method} /`, 'Connection: close'));
        tookMs.push(performance.now() - began);
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      }
      measured(
        'a target of several breaks a request off: another has answered it',
        Math.max(...tookMs) / 1000,
      );
      expect(broken.requests).toHaveLength(1);
      expect(fine.requests).toHaveLength(2);
      expect(proxy.traffic.retriesTotal).toBe(1);
    },
  );

  it.each([
    ['POST without a body', requestText('POST /', 'Content-Length: 0', 'Connection: close')],
    ['POST', `${requestText('POST /', 'Content-Length: 4', 'Connection: close')}body`],
    ['PUT', `${requestText('PUT /', 'Content-Length: 4', 'Connection: close')}body`],
    ['DELETE', requestText('DELETE /', 'Connection: close')],
    ['GET with a body', `${requestText('GET /', 'Content-Length: 4', 'Connection: close')}body`],
  ])(
    'after it was sent is never sent to another where that might do something twice: %s',
    async (_, text) => {
      const broken = [await resettingTarget(), await resettingTarget()];
      const { listen } = await proxyTo({ target: broken[0]!, others: [broken[1]!] });
      expect(await sayAndListen(listen, text)).toMatch(/^HTTP\/1\.1 502 /);
      expect(broken[0]!.requests.length + broken[1]!.requests.length).toBe(1);
    },
  );

  it('after the first byte of its answer is not repeated', async () => {
    const broken = await scriptedTarget((socket) => socket.end('HTTP/1.1 2'));
    const fine = await sayingTarget(okay('fine'));
    const { listen } = await proxyTo({ target: broken, others: [fine] });
    const heard = [await sayAndListen(listen, GET_AND_CLOSE), await sayAndListen(listen, GET_AND_CLOSE)];
    expect(heard.filter((text) => text.startsWith('HTTP/1.1 502 '))).toHaveLength(1);
    expect(broken.requests).toHaveLength(1);
  });

  it('is tried once at each target, then told', async () => {
    const broken = await Promise.all([resettingTarget(), resettingTarget(), resettingTarget()]);
    const { listen } = await proxyTo({ target: broken[0], others: broken.slice(1) });
    expect(await sayAndListen(listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 502 /);
    expect(broken.map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  });

  it('leaves nothing under way at any target', async () => {
    const broken = await resettingTarget();
    const fine = await sayingTarget(okay('fine'));
    const proxy = await proxyTo({ target: broken, others: [fine, { port: await freePort() }] });
    for (let n = 0; n < 6; n++) await sayAndListen(proxy.listen, GET_AND_CLOSE);
    expect(proxy.targetViews().map(({ outstanding }) => outstanding)).toEqual([0, 0, 0]);
  });
});

describe('connections that last', () => {
  it('of WebSocket choose a target that can be reached, and count as its load until they end', async () => {
    const upgrading = await scriptedTarget((socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
      );
    });
    const proxy = await proxyTo({ target: { port: await freePort() }, others: [upgrading] });
    const handshake = requestText('GET /', 'Connection: Upgrade', 'Upgrade: websocket');
    const clients = [rawClient(proxy.listen).send(handshake), rawClient(proxy.listen).send(handshake)];
    for (const client of clients) await client.hears('hello');
    expect(proxy.targetViews()[1]?.outstanding).toBe(2);
    for (const { socket } of clients) socket.destroy();
    await eventually('they have ended', () => proxy.targetViews()[1]?.outstanding === 0, PATIENCE);
  });

  it('of raw mode choose a target that can be reached, and count as its load until they end', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).write('hello'));
    const port = await listening(server);
    onTestFinished(() => {
      server.close();
    });
    const target = { mode: 'raw' as const, port: await freePort() };
    const proxy = await proxyTo({ target, others: [{ mode: 'raw', port }] });
    const clients = Array.from({ length: 4 }, () => rawClient(proxy.listen));
    for (const client of clients) await client.hears('hello');
    expect(proxy.targetViews().map(({ outstanding }) => outstanding)).toEqual([0, 4]);
    expect(proxy.traffic.lastFailure).toBeInstanceOf(TargetFailure);
    for (const { socket } of clients) socket.destroy();
    await eventually('they have ended', () => proxy.targetViews()[1]?.outstanding === 0, PATIENCE);
  });
});
