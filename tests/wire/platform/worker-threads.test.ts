/** What the supervisor relies on of Node's threads. A Node that changes any of it must fail here first. */
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';

const threads: Worker[] = [];

const started = (code: string, options: WorkerOptions = {}): Worker => {
  const prelude = "const { parentPort, Worker } = require('node:worker_threads');";
  const thread = new Worker(`${prelude}\n${code}`, { eval: true, ...options });
  threads.push(thread);
  return thread;
};

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
});

interface End {
  readonly order: readonly string[];
  readonly code: number;
  readonly error: unknown;
}

const endOf = async (thread: Worker): Promise<End> => {
  const order: string[] = [];
  let error: unknown;
  thread.on('message', () => order.push('message'));
  thread.on('error', (thrown: unknown) => {
    order.push('error');
    error = thrown;
  });
  // Not events.once(): it rejects on `error`.
  const code = await new Promise<number>((resolve) => {
    thread.on('exit', (exitCode) => {
      order.push('exit');
      resolve(exitCode);
    });
  });
  return { order, code, error };
};

test('an uncaught error is `error`, then `exit` with code 1', async () => {
  const { order, code } = await endOf(started("setImmediate(() => { throw new Error('x'); });"));
  expect(order).toEqual(['error', 'exit']);
  expect(code).toBe(1);
});

test('an unhandled rejection ends a thread as an uncaught error does', async () => {
  const { order, code } = await endOf(started("Promise.reject(new Error('x'));"));
  expect(order).toEqual(['error', 'exit']);
  expect(code).toBe(1);
});

test('own properties of an uncaught error cross, its class does not', async () => {
  const { error } = await endOf(
    started(`
      class Own extends Error { data = { code: 'a.b' }; }
      throw Object.assign(new Own('x'), { code: 'C' });`),
  );
  expect(error).toMatchObject({ message: 'x', code: 'C', data: { code: 'a.b' } });
});

test('a drained event loop ends a thread with code 0 and no error', async () => {
  const { order, code } = await endOf(started('setTimeout(() => {}, 5);'));
  expect(order).toEqual(['exit']);
  expect(code).toBe(0);
});

test('process.exit ends the thread only, with its code', async () => {
  const { order, code } = await endOf(started('setInterval(() => {}, 1000); process.exit(7);'));
  expect(order).toEqual(['exit']);
  expect(code).toBe(7);
});

test('a message posted just before process.exit arrives, and before `exit`', async () => {
  const { order } = await endOf(started("parentPort.postMessage('last words'); process.exit(1);"));
  expect(order).toEqual(['message', 'exit']);
});

test('terminate ends with code 1 and no error, so that only a noted intent tells it from a crash', async () => {
  const thread = started('setInterval(() => {}, 1000);');
  await once(thread, 'online');
  const end = endOf(thread);
  await thread.terminate();
  expect(await end).toMatchObject({ order: ['exit'], code: 1 });
});

test('a module that cannot be loaded is `error`, then `exit`', async () => {
  const thread = new Worker(new URL('data:text/javascript,import "nowhere:at-all"'));
  threads.push(thread);
  const { order, code } = await endOf(thread);
  expect(order).toEqual(['error', 'exit']);
  expect(code).toBe(1);
});

test('a thread out of memory ends alone, with its own error code', async () => {
  const code = 'const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));';
  const limits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 };
  const end = await endOf(started(code, { resourceLimits: limits }));
  expect(end.error).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
  expect(end.code).toBe(1);
});

test('terminate ends an endless loop and a blocked wait', async () => {
  for (const code of ['for (;;);', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);']) {
    const thread = started(`parentPort.postMessage('going'); setImmediate(() => { ${code} });`);
    await once(thread, 'message');
    expect(await thread.terminate()).toBe(1);
  }
});

test('a message to a thread that has ended is silence', async () => {
  const thread = started('process.exit(0);');
  await once(thread, 'exit');
  expect(() => {
    thread.postMessage('anybody?');
  }).not.toThrow();
});

test('an Error that is posted loses its code', async () => {
  const thread = started("parentPort.postMessage(Object.assign(new Error('x'), { code: 'C' }));");
  const [error] = (await once(thread, 'message')) as [Error];
  expect(error.message).toBe('x');
  expect(error).not.toHaveProperty('code');
});

test('a function cannot be posted: the sender is told', async () => {
  const thread = started(`
    try { parentPort.postMessage({ act: () => 1 }); } catch (error) { parentPort.postMessage(error.name); }`);
  expect(await once(thread, 'message')).toEqual(['DataCloneError']);
});

test('the event-loop utilisation of a blocked thread can be read without its help', async () => {
  const thread = started("parentPort.postMessage('going'); setImmediate(() => { for (;;); });");
  await once(thread, 'message');
  await eventually(
    'a utilisation of nearly 1',
    async () => {
      const before = thread.performance.eventLoopUtilization();
      await delay(50);
      const { utilization } = performance.eventLoopUtilization(
        thread.performance.eventLoopUtilization(),
        before,
      );
      return utilization > 0.99;
    },
    { timeoutMs: 10_000 },
  );
});

test('a thread that a thread started ends with it', async () => {
  const inner =
    'setInterval(() => Atomics.add(new Int32Array(require("node:worker_threads").workerData), 0, 1), 1);';
  const counter = new SharedArrayBuffer(4);
  const thread = started(
    `new Worker(${JSON.stringify(inner)}, { eval: true, workerData: require('node:worker_threads').workerData });`,
    { workerData: counter },
  );
  const count = (): number => Atomics.load(new Int32Array(counter), 0);
  await eventually('the inner thread counts', () => count() > 0, { timeoutMs: 10_000 });
  await thread.terminate();
  await eventually(
    'the inner thread counts no more',
    async () => {
      const before = count();
      await delay(100);
      return count() === before;
    },
    { timeoutMs: 10_000 },
  );
});

test('signals reach the main thread, and a thread may not change the directory of the process', async () => {
  const thread = started(`
    process.on('SIGUSR2', () => parentPort.postMessage('signal'));
    try { process.chdir('/'); } catch (error) { parentPort.postMessage(error.code); }
    setInterval(() => {}, 1000);`);
  expect(await once(thread, 'message')).toEqual(['ERR_WORKER_UNSUPPORTED_OPERATION']);
  const inMain = once(process, 'SIGUSR2');
  let inThread = false;
  thread.on('message', () => (inThread = true));
  process.kill(process.pid, 'SIGUSR2');
  await inMain;
  expect(inThread).toBe(false);
});
