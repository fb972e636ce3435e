import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resetSocket } from '@rustbalance/actors/proxy/reset-socket.js';
import { within } from '../../support/eventually.js';
import { openSocket } from '@rustbalance/actors/kernel/open-socket.js';
import { listening } from './support/scripted-target.js';

/** Both ends of one connection. */
const pair = async (): Promise<{ near: Socket; far: Socket }> => {
  const server = createServer({ allowHalfOpen: true });
  const accepted = once(server, 'connection');
  const port = await listening(server);
  const near = await openSocket({ kind: 'tcp', host: '127.0.0.1', port }, new AbortController().signal);
  const [far] = (await accepted) as [Socket];
  far.on('error', () => undefined);
  server.close();
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return { near, far };
};
const FLOOD = Buffer.alloc(16 * 1024 * 1024);

describe('resetting a connection', () => {
  it.each<[string, (near: Socket) => Promise<void> | void]>([
    ['that is open', () => undefined],
    ['that is being ended', (near) => void near.end()],
    [
      'that is being ended since a moment',
      async (near) => {
        near.end();
        await Promise.resolve();
      },
    ],
    ['whose end waits behind bytes that nobody takes', (near) => void near.end(FLOOD)],
    ['whose bytes nobody takes', (near) => void near.write(FLOOD)],
    [
      'that has been ended',
      async (near) => {
        near.end();
        await once(near, 'finish');
      },
    ],
  ])('%s closes it', async (_, before) => {
    const { near, far } = await pair();
    far.pause();
    const closed = once(near, 'close');
    await before(near);
    resetSocket(near);
    await within(3000, 'the close', closed);
    expect(near.destroyed).toBe(true);
  });
});
