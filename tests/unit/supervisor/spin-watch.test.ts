import { watchForSpin } from '@rustbalance/supervisor/spin-watch.js';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';

/** A thread that gets `share` of a processor from the ping on. */
const watched = (share: number) => {
  const clock = new SimulatedClock(0);
  const seen = { spins: 0, share };
  const answered = watchForSpin({
    clock,
    usedMs: () => 5_000 + seen.share * clock.monotonicMs(),
    onSpin: () => {
      seen.spins++;
    },
  });
  return { clock, seen, answered };
};

test('a thread that has used a second of processor time since its ping spins', async () => {
  const { clock, seen } = watched(1);
  await clock.advance(1_049);
  expect(seen.spins).toBe(0);
  await clock.advance(1);
  expect(seen.spins).toBe(1);
  await clock.advance(60_000);
  expect(seen.spins).toBe(1);
});

test('a thread that gets a tenth of a processor has ten times as long for its pong', async () => {
  const { clock, seen } = watched(0.1);
  await clock.advance(10_000);
  expect(seen.spins).toBe(0);
  await clock.advance(100);
  expect(seen.spins).toBe(1);
});

test('a thread that waits and uses nothing never spins', async () => {
  const { clock, seen } = watched(0);
  await clock.advance(3_600_000);
  expect(seen.spins).toBe(0);
});

test('a pong that lay unread while the main thread was away is read before anybody is accused', async () => {
  const { clock, seen, answered } = watched(1);
  // The timer is first after a stall, the port second.
  await clock.advance(1_000);
  answered();
  await clock.advance(60_000);
  expect(seen.spins).toBe(0);
});

test('a thread of which nobody can tell its time is not watched', async () => {
  const clock = new SimulatedClock(0);
  let spins = 0;
  watchForSpin({ clock, usedMs: () => null, onSpin: () => spins++ });
  await clock.advance(60_000);
  expect(spins).toBe(0);
});

test('a thread that has ended in the meantime is left alone', async () => {
  const clock = new SimulatedClock(0);
  let spins = 0;
  const usedMs = () => (clock.monotonicMs() < 500 ? 0 : null);
  watchForSpin({ clock, usedMs, onSpin: () => spins++ });
  await clock.advance(60_000);
  expect(spins).toBe(0);
});
