import { describe, expect, it } from 'vitest';
import { pointKey } from '@rustbalance/actors/tor/intro-point-view.js';
import {
  circuitOf,
  ofStandby,
  type Departure,
  type OwnIntroductionPoints,
  type TorName,
  type TorStatus,
} from '@rustbalance/actors/tor/messages.js';
import {
  departureOfBoth,
  offeredPoints,
  otherName,
  statusOfBoth,
  torInUse,
  torsToRestart,
} from '@rustbalance/actors/tor/two-tors.js';
import { period, point } from './points.js';

const own = (
  points: readonly (readonly [key: number, relay: number])[],
  rest: Partial<OwnIntroductionPoints> = {},
): OwnIntroductionPoints => ({
  points: points.map(([key, relay]) => point(key, relay)),
  timePeriod: period(100),
  create2Formats: [2],
  flowControl: '1-2 31',
  causedAtMs: 1_000,
  ...rest,
});
const NONE = own([], { timePeriod: null, create2Formats: [], flowControl: null, causedAtMs: 5_000 });
const USED = own([
  [1, 1],
  [2, 2],
  [3, 3],
]);
const OTHER = own([
  [13, 13],
  [12, 12],
  [11, 11],
]);
const keys = ({ points }: OwnIntroductionPoints): string[] =>
  points.map((each) => pointKey(each).slice(0, 2));

const status = (change: Partial<TorStatus> = {}): TorStatus => ({
  state: 'up',
  version: '0.4.9.11',
  bootstrap: 100,
  instanceAddress: null,
  socks: 'unix:/run/socks',
  deaths: 0,
  lastError: null,
  trouble: null,
  redundancy: null,
  ...change,
});
const UP = status();
const DOWN = status({ state: 'down' });
const DOUBTED = status({ state: 'connecting', trouble: 'unanswered' });
const STUCK = status({ trouble: 'circuits-stuck' });

describe('the points that a node with two Tors offers', () => {
  it('are those of the Tor in use, and one of the other', () => {
    expect(keys(offeredPoints(USED, OTHER, true, 1))).toEqual(['01', '02', '03', '0B']);
  });

  it('keep that one whatever the order in which its Tor lists them', () => {
    const turned = { ...OTHER, points: [...OTHER.points].reverse() };
    expect(keys(offeredPoints(USED, turned, true, 1))).toEqual(['01', '02', '03', '0B']);
  });

  it('never have two on one relay: clients would use the first of them only', () => {
    const onSameRelays = own([
      [11, 1],
      [12, 2],
      [13, 13],
    ]);
    expect(keys(offeredPoints(USED, onSameRelays, true, 1))).toEqual(['01', '02', '03', '0D']);
  });

  it('are all of the other when the Tor in use has none, and date from that event', () => {
    const offered = offeredPoints(NONE, OTHER, true, 1);
    expect(keys(offered)).toEqual(['0D', '0C', '0B']);
    expect(offered).toMatchObject({ timePeriod: 100, flowControl: '1-2 31', causedAtMs: 5_000 });
  });

  it('are those of the Tor in use alone while the other has none, or its end may just not be known yet', () => {
    expect(keys(offeredPoints(USED, NONE, true, 1))).toEqual(['01', '02', '03']);
    expect(keys(offeredPoints(USED, OTHER, false, 1))).toEqual(['01', '02', '03']);
  });

  it('are none when both have none', () => {
    expect(offeredPoints(NONE, NONE, true, 1).points).toEqual([]);
  });

  it('of two Tors that speak different flow controls are not mixed', () => {
    const others = [
      { ...OTHER, flowControl: null },
      { ...OTHER, create2Formats: [2, 3] },
    ];
    for (const other of others) expect(keys(offeredPoints(USED, other, true, 1))).toEqual(['01', '02', '03']);
  });
});

describe('the Tor in use', () => {
  const cases: readonly (readonly [string, TorName, TorStatus, TorStatus, TorName])[] = [
    ['is the first while it is well', 'first', UP, UP, 'first'],
    ['is the standby once the first died', 'first', DOWN, UP, 'standby'],
    ['is the standby once the first is doubted', 'first', DOUBTED, UP, 'standby'],
    ['is the standby once the first builds no circuits', 'first', STUCK, UP, 'standby'],
    ['stays the standby when the first is back', 'standby', UP, UP, 'standby'],
    ['is the first again once the standby died', 'standby', UP, DOWN, 'first'],
    ['stays as it is while neither is well', 'standby', DOWN, DOUBTED, 'standby'],
  ];
  it.each(cases)('%s', (_what, now, first, standby, expected) => {
    expect(torInUse(now, { first, standby })).toBe(expected);
  });

  it('speaks for the node, and the other is told of beside it', () => {
    const first = status({ state: 'down', deaths: 1, lastError: 'tor ended' });
    const standby = status({ socks: 'unix:/run/standby' });
    expect(statusOfBoth('standby', { first, standby })).toMatchObject({
      state: 'up',
      socks: 'unix:/run/standby',
      redundancy: { inUse: 'standby', other: { state: 'down', deaths: 1, lastError: 'tor ended' } },
    });
    expect(otherName('standby')).toBe('first');
  });
});

describe('an order to restart Tor', () => {
  const NO_NETWORK = status({ trouble: 'no-network' });
  const REFUSED = status({ state: 'down', trouble: 'refused' });
  const cases: readonly (readonly [string, TorName, TorStatus, TorStatus, readonly TorName[]])[] = [
    ['means the one in use, which is down', 'first', DOWN, UP, ['first']],
    ['means the one in use, though only the other has a trouble', 'first', DOWN, STUCK, ['first', 'standby']],
    ['means the one in use and no other that is merely down, too', 'standby', DOWN, STUCK, ['standby']],
    ['means both where a restart may help both', 'first', STUCK, DOUBTED, ['first', 'standby']],
    ['means none that a restart would not help', 'first', NO_NETWORK, REFUSED, []],
    ['means none that is well again', 'first', UP, DOWN, []],
  ];
  it.each(cases)('%s', (_what, inUse, first, standby, expected) => {
    expect(torsToRestart(inUse, { first, standby })).toEqual(expected);
  });
});

describe('the circuits of a node with two Tors that drains', () => {
  const departure = (version: number, introduction: number, rendezvous: readonly string[]): Departure => ({
    version,
    introduction,
    rendezvous,
    namesCircuits: false,
  });

  it('are those of both, told apart', () => {
    const told = { first: departure(7, 1, ['4', '5']), standby: departure(7, 2, ['4']) };
    const both = departureOfBoth(told, { first: UP, standby: UP });
    expect(both).toEqual(departure(7, 3, ['4', '5', ofStandby('4')]));
    expect(both?.rendezvous.map(circuitOf)).toEqual([
      { tor: 'first', id: '4' },
      { tor: 'first', id: '5' },
      { tor: 'standby', id: '4' },
    ]);
  });

  it('are not told before both have answered that draining', () => {
    const told = { first: departure(7, 0, []), standby: departure(6, 0, []) };
    expect(departureOfBoth(told, { first: UP, standby: UP })).toEqual(departure(0, 0, []));
    expect(departureOfBoth({ ...told, standby: null }, { first: UP, standby: UP })).toEqual({
      ...departure(0, 0, []),
      namesCircuits: true,
    });
  });

  it('are those of one when the other has ended, since its circuits ended with it', () => {
    const told = { first: departure(7, 1, ['4']), standby: departure(7, 2, ['9']) };
    expect(departureOfBoth(told, { first: UP, standby: DOWN })).toEqual(departure(7, 1, ['4']));
    expect(departureOfBoth(told, { first: DOWN, standby: UP })).toEqual(departure(7, 2, [ofStandby('9')]));
  });

  it('count still where Tor only lets us not in: it may have all of them', () => {
    const told = { first: departure(6, 0, []), standby: departure(7, 0, []) };
    const refused = { ...DOWN, trouble: 'refused' as const };
    expect(departureOfBoth(told, { first: refused, standby: UP })).toEqual(departure(0, 0, []));
  });
});
