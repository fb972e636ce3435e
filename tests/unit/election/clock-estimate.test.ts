import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NO_ESTIMATE,
  ageOf,
  clockSample,
  isSkewed,
  withSample,
} from '@rustbalance/actors/election/clock-estimate.js';

describe('the estimate of a peer’s clock', () => {
  test('errs by no more than half the round trip, whatever the two ways take', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e7, max: 1e7 }),
        fc.nat(5000),
        fc.nat(5000),
        fc.nat(2000),
        (offset, there, back, held) => {
          const sentWall = 1e12;
          const received = sentWall + there + offset;
          const answered = received + held;
          const elapsed = there + held + back;
          const sample = clockSample(elapsed, received, answered, sentWall + elapsed);
          expect(Math.abs(sample.offsetMs - offset)).toBeLessThanOrEqual((there + back) / 2 + 0.001);
          expect(sample.roundTripMs).toBeCloseTo(there + back, 3);
        },
      ),
    );
  });

  test('follows the shortest round trip of the last eight', () => {
    let estimate = NO_ESTIMATE;
    for (const [offsetMs, roundTripMs] of [
      [40, 90],
      [10, 20],
      [60, 130],
    ] as const) {
      estimate = withSample(estimate, { offsetMs, roundTripMs });
    }
    expect(estimate).toMatchObject({ offsetMs: 10, roundTripMs: 130 });
    for (let count = 0; count < 8; count++)
      estimate = withSample(estimate, { offsetMs: 30, roundTripMs: 50 });
    expect(estimate.offsetMs).toBe(30);
  });

  test('jumps with a clock that was stepped', () => {
    const before = withSample(NO_ESTIMATE, { offsetMs: 0, roundTripMs: 10 });
    expect(withSample(before, { offsetMs: 9000, roundTripMs: 80 }).offsetMs).toBe(9000);
  });

  test('tells late datagrams from wrong clocks', () => {
    const ahead = withSample(NO_ESTIMATE, { offsetMs: 60_000, roundTripMs: 10 });
    expect(isSkewed(ahead, 5000)).toBe(true);
    expect(ageOf(ahead, 1_060_000, 1_000_000, 5000)).toBe('current');
    expect(ageOf(ahead, 1_000_000, 1_000_000, 5000)).toBe('stale');
    expect(ageOf(NO_ESTIMATE, 1_060_000, 1_000_000, 5000)).toBe('future');
    expect(ageOf(NO_ESTIMATE, 994_999, 1_000_000, 5000)).toBe('stale');
    expect(ageOf(NO_ESTIMATE, 995_000, 1_000_000, 5000)).toBe('current');
  });
});
