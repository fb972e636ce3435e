import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  SharedRandomValue,
  TimePeriodLength,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import { disasterSrv } from '@rustbalance/crypto-worker/periods/disaster-srv.js';
import {
  type Schedule,
  currentSrvRunStart,
  currentTimePeriod,
  isBetweenTimePeriodAndSrv,
  previousSrvRunStart,
  testingPeriodLength,
  timePeriodAt,
  timePeriodStart,
} from '@rustbalance/crypto-worker/periods/schedule.js';
import { twoDescriptors } from '@rustbalance/crypto-worker/periods/two-descriptors.js';
import { C_TOR_DISASTER_SRV } from '@rustbalance/tests/vectors/c-tor-onion-service.js';
import { SPEC_TIME_PERIOD } from '@rustbalance/tests/vectors/rend-spec-v3.js';
import { bytesOf, toHex } from './given.js';

const utc = (text: string): UnixSeconds => (Date.parse(`${text}Z`) / 1000) as UnixSeconds;

/** The public network: hourly votes, periods of a day. */
const publicAt = (validAfter: UnixSeconds): Schedule => ({
  validAfter,
  votingIntervalSeconds: 3600,
  periodLength: 1440 as TimePeriodLength,
});

/** A TestingTorNetwork. */
const testingAt = (validAfter: number, votingIntervalSeconds: number): Schedule => ({
  validAfter: validAfter as UnixSeconds,
  votingIntervalSeconds,
  periodLength: testingPeriodLength(votingIntervalSeconds),
});

const values = {
  previous: bytesOf('previous') as SharedRandomValue,
  current: bytesOf('current') as SharedRandomValue,
};

describe('time periods', () => {
  it('are those of the example in rend-spec-v3 §2.2.1', () => {
    const schedule = publicAt(SPEC_TIME_PERIOD.moment as UnixSeconds);
    expect(currentTimePeriod(schedule)).toBe(SPEC_TIME_PERIOD.number);
    expect(timePeriodStart(schedule, SPEC_TIME_PERIOD.number as TimePeriodNumber)).toBe(
      SPEC_TIME_PERIOD.start,
    );
    expect(timePeriodStart(schedule, (SPEC_TIME_PERIOD.number + 1) as TimePeriodNumber)).toBe(
      SPEC_TIME_PERIOD.end,
    );
  });

  it.each([
    ['2016-04-13T11:00:00', 16903],
    ['2016-04-13T11:59:59', 16903],
    ['2016-04-13T12:00:00', 16904],
    ['1973-05-20T01:50:33', 1234],
  ])('have the numbers that C Tor gives them (%s)', (moment, number) => {
    expect(currentTimePeriod(publicAt(utc(moment)))).toBe(number);
  });

  it.each([
    ['2016-04-13T00:00:00', '2016-04-13T00:02:00'],
    ['2016-04-13T00:02:00', '2016-04-13T00:06:00'],
  ])(
    'on a testing network with votes every 10 s last 4 minutes from minute 2 on (%s)',
    (moment, following) => {
      const schedule = testingAt(utc(moment), 10);
      const next = (currentTimePeriod(schedule) + 1) as TimePeriodNumber;
      expect(timePeriodStart(schedule, next)).toBe(utc(following));
    },
  );

  it('contain the moments from their start to the start of the next, where offsets are whole minutes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1e9, max: 4e9 }),
        fc.integer({ min: 1, max: 24 }).map((n) => n * 300),
        fc.integer({ min: 30, max: 14_400 }),
        (moment, votingIntervalSeconds, length) => {
          const at = {
            validAfter: moment as UnixSeconds,
            votingIntervalSeconds,
            periodLength: length as TimePeriodLength,
          };
          const number = timePeriodAt(at, moment as UnixSeconds);
          expect(timePeriodStart(at, number)).toBeLessThanOrEqual(moment);
          expect(timePeriodStart(at, (number + 1) as TimePeriodNumber)).toBeGreaterThan(moment);
        },
      ),
    );
  });
});

describe('the phase "between time period and shared random value"', () => {
  it.each([
    ['1985-10-26T00:00:00', false],
    ['1985-10-26T11:00:00', false],
    ['1985-10-26T12:00:00', true],
    ['1985-10-26T23:00:00', true],
    ['1985-10-27T00:00:00', false],
  ])('is where C Tor sees it (%s: %s)', (moment, between) => {
    expect(isBetweenTimePeriodAndSrv(publicAt(utc(moment)))).toBe(between);
  });

  it('covers the second half of each run on a testing network', () => {
    for (let round = 0; round < 96; round++) {
      expect(
        isBetweenTimePeriodAndSrv(testingAt(1_763_690_400 - (1_763_690_400 % 240) + round * 10, 10)),
      ).toBe(round % 24 >= 12);
    }
  });
});

describe('the two descriptors of a service', () => {
  it('before noon are for this period with the previous value, and for the next with the current', () => {
    const two = twoDescriptors(publicAt(utc('2016-04-13T01:00:00')), values);
    expect(two).toMatchObject({
      betweenTimePeriodAndSrv: false,
      clientsUse: 'first',
      first: { timePeriod: 16903, srvRunStart: utc('2016-04-12T00:00:00') },
      second: { timePeriod: 16904, srvRunStart: utc('2016-04-13T00:00:00') },
    });
    expect(two.first.sharedRandom).toBe(values.previous);
    expect(two.second.sharedRandom).toBe(values.current);
  });

  it('after noon are for the period before with the previous value, and for this one with the current', () => {
    expect(twoDescriptors(publicAt(utc('2016-04-13T13:00:00')), values)).toMatchObject({
      betweenTimePeriodAndSrv: true,
      clientsUse: 'second',
      first: { timePeriod: 16903, srvRunStart: utc('2016-04-12T00:00:00') },
      second: { timePeriod: 16904, srvRunStart: utc('2016-04-13T00:00:00') },
    });
  });

  it('always include the one that clients use: current period, and the value of the same number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4e5, max: 6e5 }), (hour) => {
        const schedule = publicAt((hour * 3600) as UnixSeconds);
        const two = twoDescriptors(schedule, values);
        expect(two[two.clientsUse].timePeriod).toBe(currentTimePeriod(schedule));
        // The run that a value came out of ends 12 hours before the period that it serves.
        for (const each of [two.first, two.second]) {
          expect(timePeriodStart(schedule, each.timePeriod) - each.srvRunStart).toBe(12 * 3600);
        }
      }),
    );
  });

  it('keep a period with its run start at each boundary, so that counters never start again', () => {
    const runOf = new Map<number, number>();
    for (let hour = 0; hour < 24 * 5; hour++) {
      const two = twoDescriptors(publicAt((utc('2026-01-01T00:00:00') + hour * 3600) as UnixSeconds), values);
      for (const { timePeriod, srvRunStart } of [two.first, two.second]) {
        expect(runOf.get(timePeriod) ?? srvRunStart).toBe(srvRunStart);
        runOf.set(timePeriod, srvRunStart);
      }
    }
  });
});

describe('shared-random runs', () => {
  it('start at midnight on the public network, the previous one a day earlier', () => {
    const schedule = publicAt(utc('2017-06-23T23:00:00'));
    expect(currentSrvRunStart(schedule)).toBe(utc('2017-06-23T00:00:00'));
    expect(previousSrvRunStart(schedule)).toBe(utc('2017-06-22T00:00:00'));
  });

  it('start at multiples of 24 voting intervals', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1e8, max: 4e8 }),
        fc.integer({ min: 3, max: 3600 }),
        (round, interval) => {
          const start = currentSrvRunStart(testingAt(round * interval, interval));
          expect(start % (24 * interval)).toBe(0);
          expect(round * interval - start).toBeLessThan(24 * interval);
        },
      ),
    );
  });
});

describe('the disaster value', () => {
  it('is that of C Tor', () => {
    expect(toHex(disasterSrv(1 as TimePeriodNumber, 1440 as TimePeriodLength))).toBe(C_TOR_DISASTER_SRV);
  });
});
