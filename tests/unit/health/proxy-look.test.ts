import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineProxy, proxyExamination } from '@rustbalance/actors/health/examine/proxy.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let path: string;
const closing: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-proxy-look-'));
  path = join(folder, 's');
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await rm(folder, { recursive: true, force: true });
});

const listening = async (backlog: number): Promise<void> => {
  const server = createServer((socket) => socket.destroy());
  server.listen({ path, backlog });
  await once(server, 'listening');
  closing.push(() => server.close());
};

describe('a look at the proxy', () => {
  it('takes a full backlog for somebody who listens', async () => {
    await listening(1);
    // All in one turn of the event loop, in which nothing is accepted.
    const failures: Promise<string | null>[] = Array.from({ length: 4 }, () => {
      const socket = connect({ path });
      closing.push(() => socket.destroy());
      return new Promise((resolve) => {
        socket.once('connect', () => {
          resolve(null);
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
          resolve(error.code ?? error.message);
        });
      });
    });
    const look = examineProxy(`unix:${path}`);
    expect(await Promise.all(failures)).toContain('EAGAIN');
    expect(await look).toBeNull();
  });

  it('finds a fault when it has failed twice in a row, and looks again soon for that', async () => {
    const { everyMs, look, soonerMs } = proxyExamination();
    const surroundings = { proxyListen: `unix:${path}` };
    const once1 = await look(surroundings);
    expect(once1).toEqual({ proxyFault: null });
    expect(everyMs + soonerMs!(once1)!).toBeLessThanOrEqual(10_000);
    const twice = await look(surroundings);
    expect(twice).toEqual({ proxyFault: 'ENOENT' });
    expect(soonerMs!(twice)).toBeNull();
    await listening(5);
    expect(await look(surroundings)).toEqual({ proxyFault: null });
    await rm(path);
    expect(await look(surroundings)).toEqual({ proxyFault: null });
    expect(await look({ proxyListen: null })).toEqual({ proxyFault: null });
  });
});
