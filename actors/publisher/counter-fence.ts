import type { TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { counterInput } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import type { SeenCounter } from '../election/messages.js';

/**
 * The highest counter input n used or seen, for each time period. HSDirs refuse a descriptor whose revision
 * counter is not higher than the one they hold, so this is the fence between publishers, and what survives a
 * clock that steps back.
 */
export type CounterFence = ReadonlyMap<TimePeriodNumber, number>;

/** Raises the fence by what was seen; it never falls. */
export const raised = (fence: CounterFence, seen: readonly SeenCounter[]): CounterFence => {
  const result = new Map(fence);
  for (const { timePeriod, n } of seen) result.set(timePeriod, Math.max(n, result.get(timePeriod) ?? 0));
  return result;
};

/** The next n for a descriptor: as Tor counts, and never one that was used. */
export const nextCounterInput = (
  fence: CounterFence,
  timePeriod: TimePeriodNumber,
  runStartSecs: UnixSeconds,
  nowSecs: UnixSeconds,
): number => counterInput(nowSecs, runStartSecs, fence.get(timePeriod) ?? null);

/** Only the periods of a range: see counters.ts for which are worth keeping. */
export const within = (fence: CounterFence, oldest: number, newest: number): CounterFence =>
  new Map([...fence].filter(([timePeriod]) => timePeriod >= oldest && timePeriod <= newest));

export const fenceEntries = (fence: CounterFence): readonly SeenCounter[] =>
  [...fence].map(([timePeriod, n]) => ({ timePeriod, n })).sort((a, b) => a.timePeriod - b.timePeriod);
