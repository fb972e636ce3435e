import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { FromActor } from '@rustbalance/actors/kernel/envelope.js';
import { outgoingRequests } from '@rustbalance/actors/kernel/outgoing-requests.js';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';

const world = () => {
  const clock = new SimulatedClock(0);
  const posted: FromActor[] = [];
  const requests = outgoingRequests('publisher', clock, (message) => posted.push(message));
  return { clock, posted, requests };
};

test('an answer settles the request that it belongs to', async () => {
  const { requests } = world();
  const first = requests.send('tor.fetch', { n: 1 }, 100);
  const second = requests.send('tor.fetch', { n: 2 }, 100);
  requests.settle(2, { ok: true, answer: 'two' });
  requests.settle(1, { ok: false, error: errorData('control.closed', 'tor', { reason: 'x' }) });
  expect(await second).toBe('two');
  await expect(first).rejects.toMatchObject({ code: 'control.closed' });
});

test('a request without an answer is given up at its deadline, and a late answer is dropped', async () => {
  const { clock, requests } = world();
  const outcome = requests.send('tor.fetch', {}, 100).catch((error: unknown) => error);
  await clock.advance(100);
  requests.settle(1, { ok: true, answer: 'late' });
  expect(await outcome).toMatchObject({ code: 'message.deadline', data: { where: 'publisher' } });
});

test('a payload that cannot cross the border fails the request at once and leaves nothing behind', async () => {
  const clock = new SimulatedClock(0);
  const requests = outgoingRequests('publisher', clock, () => {
    throw new Error('could not be cloned');
  });
  await expect(requests.send('tor.fetch', {}, 100)).rejects.toThrow('could not be cloned');
  await clock.advance(1_000);
});
