import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type StreamAddress, parseStreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { freePort } from './support/free-port.js';
import { requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget } from './support/scripted-target.js';

/** A thread runs the build, not the sources. */
const built = (name: string): string =>
  pathToFileURL(createRequire(import.meta.url).resolve(`@rustbalance/actors/${name}.js`)).href;

const SCRIPT = `
  const { parentPort, workerData } = require('node:worker_threads');
  (async () => {
    const { startProxy } = await import(workerData.startProxy);
    const { systemClock } = await import(workerData.clock);
    const proxy = await startProxy({ ...workerData.options, clock: systemClock });
    parentPort.postMessage(proxy.listen);
  })();
`;

const proxyThread = async (listen: StreamAddress, targetPort: number): Promise<Worker> => {
  const seconds = 10_000;
  const options = {
    listen,
    targets: [{ mode: 'http', host: '127.0.0.1', port: targetPort, route: 'direct', tls: null }],
    master: { scheme: 'http', host: 'm.onion', port: 80 },
    limits: {
      maxConnections: 10,
      maxHeaderBytes: 8192,
      maxFields: 100,
      headerTimeoutMs: seconds,
      connectTimeoutMs: seconds,
      idleTimeoutMs: seconds,
    },
    socks: null,
  };
  const workerData = { startProxy: built('proxy/start-proxy'), clock: built('kernel/clock'), options };
  const worker = new Worker(SCRIPT, { eval: true, workerData });
  onTestFinished(async () => {
    await worker.terminate();
  });
  await once(worker, 'message');
  return worker;
};

describe('the thread of a proxy that is killed', () => {
  it.each(['a port', 'a unix socket'])('leaves %s that its successor takes at once', async (kind) => {
    const directory = await mkdtemp(join(tmpdir(), 'rb-thread-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const path = join(directory, 'proxy.sock');
    const listen = kind === 'a port' ? `127.0.0.1:${String(await freePort())}` : `unix:${path}`;
    const address = parseStreamAddress(listen)!;
    const target = await sayingTarget(okay('served'));
    const first = await proxyThread(address, target.port);
    const client = rawClient(listen);
    await client.send(requestText('GET /')).hears('served');

    await first.terminate();
    await client.closed();
    const began = performance.now();
    await proxyThread(address, target.port);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(await sayAndListen(listen, requestText('GET /', 'Connection: close'))).toContain('served');
    if (kind === 'a unix socket') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});
