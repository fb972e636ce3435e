import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { SeenCounter } from './messages.js';
import { MAX_COUNTERS } from './wire/message-types.js';

/** The highest counter input n that any node was seen to use, for each time period. */
export type SeenCounters = ReadonlyMap<TimePeriodNumber, number>;

/**
 * Time periods kept. Two are published at any time; the rest is room for nodes whose consensus turned earlier and for
 * one whose clock is wrong, whose numbers must not push the true ones out at once.
 */
const KEPT_PERIODS = 16;

/** Takes in what was seen; a counter only rises. The oldest periods beyond the bound are forgotten. */
export const merged = (counters: SeenCounters, seen: readonly SeenCounter[]): SeenCounters => {
  if (seen.every(({ timePeriod, n }) => n <= (counters.get(timePeriod) ?? 0))) return counters;
  const result = new Map(counters);
  for (const { timePeriod, n } of seen) result.set(timePeriod, Math.max(n, result.get(timePeriod) ?? 0));
  const newest = [...result.keys()].sort((a, b) => b - a).slice(0, KEPT_PERIODS);
  return new Map(newest.map((timePeriod) => [timePeriod, result.get(timePeriod) ?? 0]));
};

/** In order of time period. */
export const counterList = (counters: SeenCounters): readonly SeenCounter[] =>
  [...counters].map(([timePeriod, n]) => ({ timePeriod, n })).sort((a, b) => a.timePeriod - b.timePeriod);

/** What a heartbeat carries: the newest periods that this node itself used or, as it has none, was told of. */
export const countersToSend = (own: readonly SeenCounter[], all: SeenCounters): readonly SeenCounter[] => {
  const ownPeriods = new Set(own.map(({ timePeriod }) => timePeriod));
  const known = counterList(all);
  const chosen = ownPeriods.size > 0 ? known.filter(({ timePeriod }) => ownPeriods.has(timePeriod)) : known;
  return chosen.slice(-MAX_COUNTERS);
};
