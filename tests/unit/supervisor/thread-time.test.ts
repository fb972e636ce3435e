import { ownThreadId } from '@rustbalance/actors/kernel/thread-id.js';
import { parseThreadTime, threadTimeMs } from '@rustbalance/supervisor/thread-time.js';
import { expect, test } from 'vitest';

test('the time of a thread is that of its own code and that of the kernel for it', () => {
  const stat = '4711 (node) R 1 4711 4711 0 -1 4194304 99 0 0 0 250 50 7 9 20 0 11 0 123';
  expect(parseThreadTime(stat)).toBe(3_000);
});

test('a name with blanks and brackets moves no field', () => {
  const stat = '4711 (a) b (c) R 1 4711 4711 0 -1 4194304 99 0 0 0 1 2 7 9 20 0 11 0 123';
  expect(parseThreadTime(stat)).toBe(30);
});

test('what is no such line gives no time', () => {
  expect(parseThreadTime('')).toBeNull();
  expect(parseThreadTime('4711 (node) R 1 2')).toBeNull();
});

test('the time of a thread grows by what it computes', () => {
  const id = ownThreadId();
  expect(id).not.toBeNull();
  const before = threadTimeMs(id!);
  const until = process.cpuUsage().user + 60_000;
  while (process.cpuUsage().user < until);
  expect(threadTimeMs(id!)).toBeGreaterThan(before!);
});

test('a thread that there is not has no time', () => {
  expect(threadTimeMs(0)).toBeNull();
});
