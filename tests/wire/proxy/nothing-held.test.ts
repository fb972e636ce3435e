import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resetSocket } from '@rustbalance/actors/proxy/reset-socket.js';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { okay, scriptedTarget } from './support/scripted-target.js';

const CLIENT_ACTS = [
  'request',
  'post',
  'part',
  'garbage',
  'upgrade',
  'wait',
  'end',
  'reset',
  'destroy',
  'pause',
] as const;
type ClientAct = (typeof CLIENT_ACTS)[number];
const TARGET_ACTS = [
  'answer',
  'chunks',
  'large',
  'half',
  'silent',
  'end',
  'reset',
  'switch',
  'close-delimited',
] as const;
type TargetAct = (typeof TARGET_ACTS)[number];

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
const UPGRADE = requestText('GET /', 'Connection: Upgrade', 'Upgrade: websocket');
const SWITCH = 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi';

const targetDoes = (socket: Socket, act: TargetAct): void => {
  switch (act) {
    case 'answer':
      socket.write(okay('hello'));
      return;
    case 'chunks':
      socket.write(CHUNKED);
      return;
    case 'large':
      socket.write(okay('x'.repeat(3_000_000)));
      return;
    case 'half':
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      return;
    case 'silent':
      return;
    case 'end':
      socket.end();
      return;
    case 'reset':
      resetSocket(socket);
      return;
    case 'switch':
      socket.write(SWITCH);
      return;
    case 'close-delimited':
      socket.end('HTTP/1.1 200 OK\r\n\r\nhello');
  }
};

const clientDoes = async (socket: Socket, act: ClientAct): Promise<void> => {
  switch (act) {
    case 'request':
      socket.write(requestText('GET /'));
      return;
    case 'post':
      socket.write(`${requestText('POST /', 'Content-Length: 5')}hello`);
      return;
    case 'part':
      socket.write(`${requestText('POST /', 'Content-Length: 500000')}${'x'.repeat(200_000)}`);
      return;
    case 'garbage':
      socket.write('\0\x01garbage\r\n\r\n');
      return;
    case 'upgrade':
      socket.write(UPGRADE);
      return;
    case 'wait':
      await delay(4);
      return;
    case 'end':
      socket.end();
      return;
    case 'reset':
      resetSocket(socket);
      return;
    case 'destroy':
      socket.destroy();
      return;
    case 'pause':
      socket.pause();
  }
};

const play = async (port: number, acts: readonly ClientAct[]): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  for (const act of acts) await clientDoes(socket, act);
  return socket;
};

describe.each(['http', 'raw'] as const)('%s mode', (mode) => {
  it('whatever clients and target do, nothing is held when they are gone, and the next client is served', async () => {
    let script: readonly TargetAct[] = [];
    const target = await scriptedTarget((socket, _, nth) => {
      if (!socket.destroyed) targetDoes(socket, script[nth % script.length] ?? 'answer');
    });
    const limits = { idleTimeoutMs: 1000, headerTimeoutMs: 1000 };
    const proxy = await proxyTo({ target: { ...target, mode }, limits });
    const port = Number(proxy.listen.split(':')[1]);
    const clientsArb = fc.array(fc.array(fc.constantFrom(...CLIENT_ACTS), { minLength: 1, maxLength: 6 }), {
      minLength: 20,
      maxLength: 40,
    });
    const scriptArb = fc.array(fc.constantFrom(...TARGET_ACTS), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(clientsArb, scriptArb, async (clients, acts) => {
        script = acts;
        const sockets = await Promise.all(clients.map((client) => play(port, client)));
        for (const socket of sockets) socket.destroy();
        await eventually('no session is left', () => proxy.openConnections() === 0, {
          timeoutMs: 5000,
          everyMs: 10,
        });
        script = ['answer'];
        const last = await play(port, ['request']);
        let heard = '';
        last.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
        await eventually('the next client is served', () => heard.includes('hello'), {
          timeoutMs: 3000,
          everyMs: 5,
        });
        last.destroy();
      }),
      { numRuns: 10, endOnFailure: true },
    );
    await proxy.stop(1000);
    await eventually('the target is left', () => target.openConnections() === 0, { timeoutMs: 3000 });
    expect(proxy.openConnections()).toBe(0);
  }, 90_000);
});
