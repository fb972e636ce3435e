import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { assignments } from '@rustbalance/supervisor/notify.js';
import { orderly, systemdNotify, watchdogMs } from '@rustbalance/supervisor/service-manager.js';
import { expect, test } from 'vitest';

/** A manager that reads one message at a time, when told to. */
const slowManager = () => {
  const records: LogRecord[] = [];
  const told: string[] = [];
  const answers: ((error: ErrorData | null) => void)[] = [];
  const log = makeLogger(
    'test',
    () => 0,
    (record) => records.push(record),
  );
  const notify = orderly((message) => {
    told.push(message.join(' '));
    return new Promise((resolve) => answers.push(resolve));
  }, log);
  const read = async (error: ErrorData | null = null): Promise<void> => {
    answers.shift()?.(error);
    await new Promise(setImmediate);
  };
  return { notify, told, read, records };
};

test('what is told arrives in order, one message after the other', async () => {
  const { notify, told, read } = slowManager();
  notify({ kind: 'ready' });
  notify({ kind: 'status', text: 'fine' });
  notify({ kind: 'stopping' });
  expect(told).toEqual(['READY=1']);
  await read();
  expect(told).toEqual(['READY=1', 'STATUS=fine']);
  await read();
  expect(told).toEqual(['READY=1', 'STATUS=fine', 'STOPPING=1']);
});

test('news that waited too long are replaced by newer ones', async () => {
  const { notify, told, read } = slowManager();
  notify({ kind: 'ready' });
  for (let i = 0; i < 50; i++) {
    notify({ kind: 'watchdog' });
    notify({ kind: 'status', text: String(i) });
  }
  for (let i = 0; i < 5; i++) await read();
  expect(told).toEqual(['READY=1', 'WATCHDOG=1', 'STATUS=49']);
});

test('a manager that cannot be told is complained of once, and again after it could', async () => {
  const { notify, read, records } = slowManager();
  const failure = errorData('notify.failed', 'supervisor', { reason: 'ENOENT' });
  for (const error of [failure, failure, null, failure]) {
    notify({ kind: 'watchdog' });
    await read(error);
  }
  expect(records.map(({ level, error }) => [level, error?.code])).toEqual([
    ['warn', 'notify.failed'],
    ['warn', 'notify.failed'],
  ]);
});

test('a status with line feeds stays one assignment', () => {
  expect(assignments({ kind: 'status', text: 'a\nREADY=1' })).toEqual(['STATUS=a READY=1']);
});

test('a reload tells when it began on the manager’s clock', () => {
  expect(assignments({ kind: 'reloading', monotonicUs: 12_345n })).toEqual([
    'RELOADING=1',
    'MONOTONIC_USEC=12345',
  ]);
});

test.each([
  [{}, null],
  [{ WATCHDOG_USEC: '30000000' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 30_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, null],
  [{ WATCHDOG_USEC: '0' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
])('the watchdog’s patience by %j is %s for process 42', (env, expected) => {
  expect(watchdogMs(env, 42)).toBe(expected);
});

test('a program that is not there, or fails, is a failure with its reason', async () => {
  const nowhere = await systemdNotify('/nowhere', '/no/such/program')(['READY=1']);
  expect(nowhere).toMatchObject({ code: 'notify.failed', detail: { reason: 'ENOENT' } });
  const failing = await systemdNotify('/nowhere', 'false')(['READY=1']);
  expect(failing?.what).toContain('ended with 1');
  expect(await systemdNotify('/nowhere', 'true')(['READY=1'])).toBeNull();
});
