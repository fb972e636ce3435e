import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FetchResult } from '../../support/stock-client-http.js';
import { loadClient, PATIENCE_MS } from '../../support/stock-client-load.js';
import type { LoadOptions, LoadSample, Visitor } from '../../support/stock-client-load.js';
import { summary } from '../../support/stock-client-summary.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const START_MS = 1_800_000_000_000;

const page: FetchResult = {
  ok: true,
  status: 200,
  headers: {},
  node: 'alpha',
  body: '',
  bytes: 0,
  ms: 0,
  connectMs: 0,
  error: undefined,
};

/** A client whose visits take so long, one after the other; the last of the times holds for all that follow. */
const visitor = (clock: SimulatedClock, ...takesMs: readonly number[]): Visitor => {
  let visits = 0;
  return {
    dropDescriptor: () => Promise.resolve(),
    fetch: () => {
      const ms = takesMs[Math.min(visits++, takesMs.length - 1)] ?? 0;
      return new Promise((resolve) =>
        clock.after(ms, () => {
          resolve(page);
        }),
      );
    },
  };
};

const LONG_MS = 1_000_000;

const loadOf = async (
  clock: SimulatedClock,
  clients: readonly Visitor[],
  over: Partial<LoadOptions> = {},
): Promise<LoadSample[]> => {
  const load = loadClient({
    clients,
    clock,
    address: 'a.onion',
    mode: 'cold',
    everyMs: 1_000,
    durationMs: 5_000,
    ...over,
  });
  const [samples] = await Promise.all([load, clock.advance(LONG_MS)]);
  return samples;
};

describe('a load', () => {
  it('visits whenever a visit is due, and gives the times', async () => {
    const clock = new SimulatedClock(START_MS);
    const samples = await loadOf(clock, [visitor(clock, 100)]);
    expect(samples.map(({ dueMs, startMs, ms }) => [dueMs - START_MS, startMs - START_MS, ms])).toEqual(
      [0, 1_000, 2_000, 3_000, 4_000].map((due) => [due, due, 100]),
    );
  });

  it('counts the wait behind a slow visit, from when each visit was due', async () => {
    const clock = new SimulatedClock(START_MS);
    const samples = await loadOf(clock, [visitor(clock, 3_500, 100)]);
    expect(samples.map(({ startMs }) => startMs - START_MS)).toEqual([0, 3_500, 3_600, 3_700, 4_000]);
    expect(samples.map(({ ms }) => ms)).toEqual([3_500, 2_600, 1_700, 800, 100]);
    expect(summary(samples)).toMatchObject({ n: 5, successRatio: 1, max: 3_500, maxLateMs: 2_500 });
  });

  it('goes on with the other clients while one of them waits for an answer', async () => {
    const clock = new SimulatedClock(START_MS);
    const samples = await loadOf(clock, [visitor(clock, 60_000), visitor(clock, 100)]);
    expect(samples.map(({ ms }) => ms)).toEqual([60_000, 100, 100, 100, 100]);
  });

  it('counts a visit as failed, by an error of its own, when no client was free in time', async () => {
    const clock = new SimulatedClock(START_MS);
    const samples = await loadOf(clock, [visitor(clock, 60_000)]);
    expect(samples.slice(1).map(({ ok, ms, error }) => [ok, ms, error?.stage])).toEqual(
      [1, 2, 3, 4].map(() => [false, PATIENCE_MS, 'load']),
    );
    expect(summary(samples)).toMatchObject({
      n: 5,
      withinLimit: 0,
      errors: { 'no client was free for 10 s': 4 },
      maxLateMs: PATIENCE_MS,
    });
  });

  it('counts a visit as failed when the Tor of the client is gone, and goes on', async () => {
    const clock = new SimulatedClock(START_MS);
    const gone: Visitor = {
      ...visitor(clock, 0),
      dropDescriptor: () => Promise.reject(new Error('no control port')),
    };
    const samples = await loadOf(clock, [gone]);
    expect(summary(samples)).toMatchObject({ n: 5, withinLimit: 0, errors: { 'no control port': 5 } });
  });

  it('has sixteen warm visits of one client under way at once', async () => {
    const clock = new SimulatedClock(START_MS);
    const over = { mode: 'warm', everyMs: 100, durationMs: 1_700 } as const;
    const samples = await loadOf(clock, [visitor(clock, 5_000)], over);
    expect(samples.map(({ ms }) => ms)).toEqual([...Array.from({ length: 16 }, () => 5_000), 8_400]);
  });

  it('gives one sample for each visit that was due, whatever the visits take', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 3 }), async (clients) => {
        const clock = new SimulatedClock(START_MS);
        const samples = await loadOf(
          clock,
          clients.map((takes) => visitor(clock, ...takes)),
        );
        expect(samples.map(({ dueMs }) => dueMs - START_MS)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
        for (const { dueMs, startMs, ms } of samples) expect(ms).toBeGreaterThanOrEqual(startMs - dueMs);
      }),
      { numRuns: 50 },
    );
  });

  it('without a client is refused', async () => {
    await expect(loadOf(new SimulatedClock(START_MS), [])).rejects.toThrow(RangeError);
  });
});
