import { describe, expect, it } from 'vitest';
import { fetchDue, getInfoDue, type ReadHistory } from '@rustbalance/actors/tor/read-schedule.js';

const quiet: ReadHistory = {
  eventAtMs: null,
  changedAtMs: null,
  lastGetInfoAtMs: 10_000,
  lastFetchAtMs: 10_000,
  haveClientsPeriod: true,
};

/** When GETINFO is asked, from `from` to `until`, if every read happens when it is due. */
const readsUntil = (history: ReadHistory, until: number): number[] => {
  const reads: number[] = [];
  let now = history;
  for (;;) {
    const due = getInfoDue(now, 30_000);
    if (due > until) return reads;
    reads.push(due);
    now = { ...now, lastGetInfoAtMs: due };
  }
};

describe('reading GETINFO of the own descriptor', () => {
  it('is due at once at first, then at each poll', () => {
    expect(getInfoDue({ ...quiet, lastGetInfoAtMs: null }, 30_000)).toBe(0);
    expect(getInfoDue(quiet, 30_000)).toBe(40_000);
  });

  it('is due at once after an event, then every 0.2 s, but not for ever', () => {
    const reads = readsUntil({ ...quiet, eventAtMs: 20_000 }, 30_000);
    expect(reads.slice(0, 3)).toEqual([20_000, 20_200, 20_400]);
    expect(reads.at(-1)).toBeLessThanOrEqual(23_500);
    expect(reads.length).toBeLessThan(20);
  });

  it('covers the second after an establishment in which Tor rebuilds its list', () => {
    const reads = readsUntil({ ...quiet, eventAtMs: 20_000 }, 30_000);
    expect(reads.some((at) => at >= 21_100 && at <= 21_300)).toBe(true);
  });

  it('goes back to polling once the list has changed', () => {
    expect(
      getInfoDue({ ...quiet, eventAtMs: 20_000, lastGetInfoAtMs: 20_400, changedAtMs: 20_410 }, 30_000),
    ).toBe(50_400);
  });

  it('never waits longer than the poll, however short that is', () => {
    expect(getInfoDue({ ...quiet, eventAtMs: 20_000, lastGetInfoAtMs: 20_400 }, 100)).toBe(20_500);
  });
});

describe('fetching desc_next', () => {
  it('is due at once at first, and every 2 s until something of the period is known', () => {
    expect(fetchDue({ ...quiet, lastFetchAtMs: null, haveClientsPeriod: false }, 30_000)).toBe(0);
    expect(fetchDue({ ...quiet, haveClientsPeriod: false }, 30_000)).toBe(12_000);
  });

  it('of which nothing is known for an hour after the last event is not asked for thousands of times', () => {
    let history: ReadHistory = { ...quiet, eventAtMs: 10_000, haveClientsPeriod: false };
    let fetches = 0;
    for (; (history.lastFetchAtMs ?? 0) < 3_600_000; fetches++)
      history = { ...history, lastFetchAtMs: fetchDue(history, 30_000) };
    expect(fetches).toBeLessThan(60);
  });

  it('is due ten times as seldom as GETINFO without an event', () => {
    expect(fetchDue(quiet, 30_000)).toBe(310_000);
  });

  it('is due 2, 5 and 12 s after an event that nothing followed', () => {
    const after = (lastFetchAtMs: number): number =>
      fetchDue({ ...quiet, eventAtMs: 20_000, lastFetchAtMs }, 30_000);
    expect([after(10_000), after(22_000), after(25_000)]).toEqual([22_000, 25_000, 32_000]);
    expect(after(32_000)).toBe(332_000);
  });

  it('is not due after an event that a change has followed', () => {
    expect(fetchDue({ ...quiet, eventAtMs: 20_000, changedAtMs: 20_500 }, 30_000)).toBe(310_000);
  });
});
