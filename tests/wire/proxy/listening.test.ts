import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { eventually } from '../../support/eventually.js';
import { measured, measuring } from '../../support/measured.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const socketPath = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'rb-listen-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'proxy.sock');
};
const at = (path: string) => ({ options: { listen: { kind: 'unix' as const, path } } });
const code = (error: unknown): string => (error instanceof RbError ? error.code : String(error));

/** Leaves a socket file behind, as a process that was killed does. */
const staleSocket = async (path: string): Promise<void> => {
  const child = spawn(process.execPath, [
    '-e',
    'require("net").createServer().listen(process.argv[1], () => console.log("up"))',
    path,
  ]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
};

describe('listening at a unix socket', () => {
  it('serves there, for its own user only, and leaves no file behind', async () => {
    const target = await sayingTarget(okay('by socket'));
    const path = await socketPath();
    const proxy = await proxyTo({ target, ...at(path) });
    expect(proxy.listen).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await sayAndListen(proxy.listen, requestText('GET /', 'Connection: close'))).toContain(
      'by socket',
    );
    await proxy.stop(0);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('takes the place of a socket that a killed process left', async () => {
    const target = await sayingTarget(okay('again'));
    const path = await socketPath();
    await staleSocket(path);
    expect((await stat(path)).isSocket()).toBe(true);
    const { listen } = await proxyTo({ target, ...at(path) });
    expect(await sayAndListen(listen, requestText('GET /', 'Connection: close'))).toContain('again');
  });

  it('does not take the place of one on which somebody answers', async () => {
    const target = await sayingTarget(okay('mine'));
    const path = await socketPath();
    const first = await proxyTo({ target, ...at(path) });
    const error: unknown = await proxyTo({ target, ...at(path) }).catch((thrown: unknown) => thrown);
    expect(code(error)).toBe('proxy.listen-in-use');
    expect(await sayAndListen(first.listen, requestText('GET /', 'Connection: close'))).toContain('mine');
  });

  it('does not remove a file that is no socket', async () => {
    const target = await sayingTarget(okay('x'));
    const path = await socketPath();
    await writeFile(path, 'precious');
    const error: unknown = await proxyTo({ target, ...at(path) }).catch((thrown: unknown) => thrown);
    expect(code(error)).toBe('proxy.listen-not-a-socket');
    expect((await stat(path)).size).toBe(8);
    await chmod(path, 0o644);
  });

  it('says what is wrong with a directory that is not there', async () => {
    const target = await sayingTarget(okay('x'));
    const error: unknown = await proxyTo({ target, ...at('/nonexistent/x.sock') }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error instanceof RbError && error.data).toMatchObject({
      code: 'proxy.listen-failed',
      detail: { address: 'unix:/nonexistent/x.sock' },
    });
  });
});

describe('listening at a port', () => {
  it('that is taken fails by name', async () => {
    const target = await sayingTarget(okay('x'));
    const listen = { kind: 'tcp' as const, host: '127.0.0.1', port: target.port };
    const error: unknown = await proxyTo({ target, options: { listen } }).catch((thrown: unknown) => thrown);
    expect(error instanceof RbError && error.data).toMatchObject({
      code: 'proxy.listen-failed',
      detail: { reason: 'EADDRINUSE' },
    });
  });

  it('works again at once after a stop with connections open', async () => {
    const target = await sayingTarget(okay('x'));
    const first = await proxyTo({ target });
    await rawClient(first.listen).send(requestText('GET /')).hears('x');
    await first.stop(0);
    const listen = { kind: 'tcp' as const, host: '127.0.0.1', port: Number(first.listen.split(':')[1]) };
    const second = await proxyTo({ target, options: { listen } });
    await rawClient(second.listen).send(requestText('GET /')).hears('x');
  });
});

describe('a stop', () => {
  it('lets a request finish, tells its client to close, and accepts nobody new', async () => {
    let answer: () => void = () => undefined;
    const target = await scriptedTarget((socket) => {
      answer = () => socket.write(okay('finished'));
    });
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(requestText('GET /'));
    await eventually('the request is under way', () => target.requests.length === 1, {
      timeoutMs: 4000,
      everyMs: 5,
    });
    const stopped = proxy.stop(5000);
    const late = rawClient(proxy.listen);
    await late.closed();
    expect(late.error).toMatchObject({ code: 'ECONNREFUSED' });
    answer();
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n\r\nfinished$/s);
    await stopped;
    expect(proxy.openConnections()).toBe(0);
    await eventually('the target is left', () => target.openConnections() === 0, {
      timeoutMs: 4000,
      everyMs: 5,
    });
  });

  it('closes idle connections at once', async () => {
    const target = await sayingTarget(okay('x'));
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(requestText('GET /'));
    await client.hears('x');
    const began = performance.now();
    await proxy.stop(5000);
    await client.closed();
    const tookMs = performance.now() - began;
    measured('the daemon is stopped: its idle connections are closed', tookMs / 1000);
    expect(tookMs).toBeLessThan(2000);
  });

  it('breaks off what is not finished at its deadline', async () => {
    const target = await scriptedTarget(() => undefined);
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(requestText('GET /'));
    await eventually('the request is under way', () => target.requests.length === 1, {
      timeoutMs: 4000,
      everyMs: 5,
    });
    const ended = measuring(
      'the daemon is stopped (drain_secs of 0.1): a request that does not end is broken off',
    );
    await proxy.stop(100);
    expect(await client.closed()).toBe('');
    ended();
    await eventually('the target is left', () => target.openConnections() === 0, {
      timeoutMs: 4000,
      everyMs: 5,
    });
  });

  it('breaks off raw connections at its deadline', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).write('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    onTestFinished(() => {
      server.close();
    });
    const proxy = await proxyTo({ target: { mode: 'raw', port } });
    const client = rawClient(proxy.listen);
    await client.hears('hello');
    await proxy.stop(100);
    await client.closed();
  });
});
