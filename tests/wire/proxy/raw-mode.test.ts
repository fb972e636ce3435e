import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { freePort } from './support/free-port.js';
import { proxyTo } from './support/proxy-under-test.js';
import { rawClient } from './support/raw-client.js';
import { listening } from './support/scripted-target.js';
import type { Socket } from 'node:net';

const tcpTarget = async (serve: (socket: Socket) => void): Promise<number> => {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return listening(server);
};

const raw = (port: number) => ({ mode: 'raw' as const, port });

describe('raw mode', () => {
  it('passes bytes both ways as they are, and adds none', async () => {
    const port = await tcpTarget((socket) => socket.pipe(socket));
    const { listen } = await proxyTo({ target: raw(port) });
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));
    const client = rawClient(listen).send(bytes);
    await eventually('the echo', () => client.heard.length === 512, { timeoutMs: 4500, everyMs: 5 });
    expect(Buffer.from(client.heard, 'latin1').equals(bytes)).toBe(true);
  });

  it('lets a target speak first', async () => {
    const port = await tcpTarget((socket) => socket.write('SSH-2.0-hello\r\n'));
    const { listen } = await proxyTo({ target: raw(port) });
    await rawClient(listen).hears('SSH-2.0-hello');
  });

  it('passes a half-close on: the target hears the end and can still answer', async () => {
    const port = await tcpTarget((socket) => {
      let heard = '';
      socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
      socket.on('end', () => socket.end(`after the end: ${heard}`));
    });
    const { listen } = await proxyTo({ target: raw(port) });
    const client = rawClient(listen);
    client.socket.end('question');
    expect(await client.closed()).toBe('after the end: question');
  });

  it('passes a half-close of the target on: the client can still speak', async () => {
    let heard = '';
    const port = await tcpTarget((socket) => {
      socket.end('bye');
      socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
    });
    const { listen } = await proxyTo({ target: raw(port) });
    const client = rawClient(listen);
    client.socket.allowHalfOpen = true;
    await client.hears('bye');
    await eventually('the end of the target', () => client.ended, { timeoutMs: 4500, everyMs: 5 });
    client.send('last words');
    await eventually('what the target heard', () => heard === 'last words', { timeoutMs: 4500, everyMs: 5 });
  });

  it('a target that resets resets the client', async () => {
    const port = await tcpTarget((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { listen } = await proxyTo({ target: raw(port) });
    const client = rawClient(listen).send('x');
    await client.closed();
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('a client that resets resets the target', async () => {
    let code: unknown = null;
    const port = await tcpTarget((socket) => {
      socket.write('hello');
      socket.on('error', (error) => (code = 'code' in error ? error.code : 'none'));
      socket.resume();
    });
    const { listen } = await proxyTo({ target: raw(port) });
    const client = rawClient(listen);
    await client.hears('hello');
    client.socket.resetAndDestroy();
    await eventually('the reset', () => code === 'ECONNRESET', { timeoutMs: 4000, everyMs: 5 });
  });

  it('clients that close and reset in one breath leave nothing behind', async () => {
    const port = await tcpTarget((socket) => socket.pipe(socket));
    const proxy = await proxyTo({ target: raw(port) });
    const clients = Array.from({ length: 60 }, () => rawClient(proxy.listen).send('hello'));
    for (const client of clients) await client.hears('hello');
    for (const { socket } of clients) {
      // The end reaches the proxy while the reset is already behind it.
      socket.end('x'.repeat(100_000), () => socket.resetAndDestroy());
    }
    await eventually('nothing is held', () => proxy.openConnections() === 0, {
      timeoutMs: 4000,
      everyMs: 20,
    });
  });

  it('a target that is not there closes the client and is counted', async () => {
    const proxy = await proxyTo({ target: raw(await freePort()) });
    expect(await rawClient(proxy.listen).closed()).toBe('');
    expect(proxy.traffic.targetErrorsTotal).toBe(1);
  });

  it('a connection on which nothing moves is closed after the idle time-out', async () => {
    const port = await tcpTarget((socket) => socket.resume());
    const proxy = await proxyTo({ target: raw(port), limits: { idleTimeoutMs: 150 } });
    await rawClient(proxy.listen).closed();
    await eventually('nothing is held', () => proxy.openConnections() === 0, { timeoutMs: 4500, everyMs: 5 });
  });

  it('a connection on which something moves is not', async () => {
    const port = await tcpTarget((socket) => socket.pipe(socket));
    // Twice the time-out in all, and a pause that is a small part of it: a busy machine makes pauses longer.
    const { listen } = await proxyTo({ target: raw(port), limits: { idleTimeoutMs: 1500 } });
    const client = rawClient(listen).send('.');
    for (let n = 2; n <= 31; n++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await client.send('.').hears('.'.repeat(n));
    }
  });
});
