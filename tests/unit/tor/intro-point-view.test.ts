import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelayFingerprint, TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import {
  choosePoints,
  difference,
  onlyPeriods,
  sameContent,
  withReading,
  type Readings,
} from '@rustbalance/actors/tor/intro-point-view.js';
import { decoded, period, point, relayNumber } from './points.js';

const alive =
  (...relays: number[]) =>
  (relay: RelayFingerprint): boolean =>
    relays.map(relayNumber).includes(relay);
const readings = (...list: ReturnType<typeof decoded>[]): Readings =>
  new Map(list.map((reading) => [reading.timePeriod, reading]));
const keysOf = (chosen: ReturnType<typeof choosePoints>): number[] =>
  chosen?.points.map(({ authKey }) => authKey[0] ?? 0) ?? [];

describe('the points that are chosen', () => {
  it("are those of the clients' period whose relay ends an established circuit", () => {
    const known = readings(decoded(500, [point(1, 11), point(2, 12), point(3, 13)]));
    expect(keysOf(choosePoints(known, period(500), alive(11, 13)))).toEqual([1, 3]);
  });

  it("are the clients' period's even if a neighbouring period has more that live", () => {
    const known = readings(decoded(499, [point(1, 11), point(2, 12)]), decoded(500, [point(3, 13)]));
    expect(keysOf(choosePoints(known, period(500), alive(11, 12, 13)))).toEqual([3]);
  });

  it("are a neighbouring period's while none of the clients' period is known", () => {
    expect(keysOf(choosePoints(readings(decoded(499, [point(1, 11)])), period(500), alive(11)))).toEqual([1]);
  });

  it("are a neighbouring period's while none of the clients' period lives", () => {
    const known = readings(decoded(499, [point(1, 11)]), decoded(500, [point(3, 13)]));
    expect(keysOf(choosePoints(known, period(500), alive(11)))).toEqual([1]);
  });

  it('are none when nothing lives', () => {
    expect(choosePoints(readings(decoded(500, [point(1, 11)])), period(500), alive())).toBeNull();
  });

  it('never hold a point whose relay has no circuit', () => {
    const points = fc.array(fc.tuple(fc.nat(250), fc.nat(20)), { maxLength: 10 });
    fc.assert(
      fc.property(points, points, fc.array(fc.nat(20)), (a, b, live) => {
        const known = readings(
          decoded(
            499,
            a.map(([key, relay]) => point(key, relay)),
          ),
          decoded(
            500,
            b.map(([key, relay]) => point(key, relay)),
          ),
        );
        const isLive = alive(...live);
        for (const chosen of choosePoints(known, period(500), isLive)?.points ?? []) {
          expect(isLive(relayOf(chosen)!)).toBe(true);
        }
      }),
    );
  });
});

describe('readings', () => {
  it('are replaced by what Tor itself shows, whatever its counter', () => {
    const before = readings(decoded(500, [point(1, 11)], 9n));
    const after = withReading(before, decoded(500, [point(2, 12)], 3n), true);
    expect(after.get(period(500))?.revisionCounter).toBe(3n);
  });

  it('are not replaced by an older one from an HSDir that missed the last upload', () => {
    const before = readings(decoded(500, [point(1, 11)], 9n));
    expect(withReading(before, decoded(500, [point(2, 12)], 8n), false)).toBe(before);
    expect(
      withReading(before, decoded(500, [point(2, 12)], 10n), false).get(period(500))?.revisionCounter,
    ).toBe(10n);
  });

  it('of periods that are over are forgotten', () => {
    const before = readings(decoded(498, []), decoded(500, []));
    expect([...onlyPeriods(before, [period(499), period(500)] as TimePeriodNumber[]).keys()]).toEqual([500]);
  });
});

describe('two facts about own points', () => {
  const fact = {
    points: [point(1, 11), point(2, 12)],
    timePeriod: period(500),
    create2Formats: [2],
    flowControl: '1-2 31',
  };

  it('say the same in another order and with an expiry an hour later', () => {
    expect(
      sameContent(fact, { ...fact, points: [point(2, 12, 1_800_003_600), point(1, 11, 1_800_003_600)] }),
    ).toBe(true);
  });

  it.each([
    ['three are replaced by others', { points: [point(3, 11), point(4, 12)] }],
    ['one is missing', { points: [point(1, 11)] }],
    ['another period is meant', { timePeriod: period(501) }],
    ['flow control is gone', { flowControl: null }],
    ['the expiry moved by a day', { points: [point(1, 11, 1_800_086_400), point(2, 12, 1_800_086_400)] }],
  ])('differ when %s', (_, over) => {
    expect(sameContent(fact, { ...fact, ...over })).toBe(false);
  });

  it('differ by the points that were added and removed', () => {
    const { added, removed } = difference([point(1, 11), point(2, 12)], [point(2, 12), point(3, 13)]);
    expect([added, removed].map((points) => points.map(({ authKey }) => authKey[0]))).toEqual([[3], [1]]);
  });
});
