import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { cryptoPool } from '@rustbalance/supervisor/crypto-pool.js';
import type { CryptoPool } from '@rustbalance/supervisor/crypto-pool.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { poolTasks } from './small-system.js';

let pool: CryptoPool;
const records: LogRecord[] = [];

beforeAll(() => {
  const log = makeLogger(
    'pool',
    () => 0,
    (record) => records.push(record),
  );
  pool = cryptoPool(poolTasks(), systemClock, log);
});

afterAll(async () => {
  await pool.close();
});

const run = (task: string, input: unknown = null, deadlineMs = 20_000): Promise<unknown> =>
  pool.handlers['pool.run']({ task, input }, { from: 'publisher', deadlineMs });

test('a task gives its result, bytes and bigints included', async () => {
  const input = { key: Uint8Array.of(1, 2), counter: 2n ** 64n - 1n };
  expect(await run('echo', input)).toEqual({ ok: true, value: input });
});

test('what a task refuses is a result with its code, not a failure of the pool', async () => {
  expect(await run('nonsense')).toMatchObject({ ok: false, code: 'task.unknown' });
});

test('a task that throws fails the request, and the pool goes on', async () => {
  await expect(run('throw')).rejects.toMatchObject({
    code: 'pool.failed',
    data: { detail: { task: 'throw', reason: 'told to throw' } },
  });
  expect(await run('echo', 1)).toEqual({ ok: true, value: 1 });
});

test('a task over its deadline is ended, and the pool goes on', async () => {
  await expect(run('spin', null, 300)).rejects.toMatchObject({ code: 'pool.deadline' });
  expect(await run('echo', 2)).toEqual({ ok: true, value: 2 });
});

test('a thread that crashes between two tasks is a warning, and the pool goes on', async () => {
  await run('crash-later');
  const answers = async () => (await run('echo', 3).catch(() => null)) !== null;
  await eventually('the pool answers', answers, { timeoutMs: 20_000 });
});

test('more tasks than may wait are refused', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 400 }, (_, index) => run('echo', index)));
  const refused = outcomes.filter(
    (outcome) =>
      outcome.status === 'rejected' && (outcome.reason as { code?: string }).code === 'pool.overloaded',
  );
  expect(refused.length).toBeGreaterThan(0);
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length + refused.length).toBe(400);
});
