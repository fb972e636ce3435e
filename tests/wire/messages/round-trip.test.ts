import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { MESSAGES } from '@rustbalance/actors/kernel/messages.js';
import { RbError, errorData } from '@rustbalance/actors/kernel/errors.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SAMPLES } from './samples.js';

let thread: Worker;

beforeAll(() => {
  const echo = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (message) => parentPort.postMessage(message));`;
  thread = new Worker(echo, { eval: true });
});

afterAll(async () => {
  await thread.terminate();
});

const through = async (value: unknown): Promise<unknown> => {
  const back = once(thread, 'message');
  thread.postMessage(value);
  const [message] = (await back) as [unknown];
  return message;
};

test('every message has a sample, and no sample is left of a message that is gone', () => {
  expect(Object.keys(SAMPLES).toSorted()).toEqual(Object.keys(MESSAGES).toSorted());
});

test.each(Object.entries(SAMPLES))('%s crosses a thread and comes back the same', async (_name, sample) => {
  expect(await through(sample.payload)).toStrictEqual(sample.payload);
  if ('answer' in sample) expect(await through(sample.answer)).toStrictEqual(sample.answer);
});

test('an error crosses as data without loss, where an Error object loses its code', async () => {
  const data = errorData('message.deadline', 'tor', { name: 'tor.fetch', deadlineMs: 5 });
  expect(await through(data)).toStrictEqual(data);
  const crossed = await through(new RbError(data));
  expect(crossed).toBeInstanceOf(Error);
  expect(crossed).not.toHaveProperty('data');
});

test('bytes in shared memory cross without a copy', async () => {
  const secret = new Uint8Array(new SharedArrayBuffer(4));
  const crossed = (await through(secret)) as Uint8Array;
  secret[0] = 9;
  expect(crossed[0]).toBe(9);
});
