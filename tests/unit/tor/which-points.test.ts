import { describe, expect, it } from 'vitest';
import { addressOf, whichPoints } from '@rustbalance/actors/tor/which-points.js';
import { period, plan, relayNumber } from './points.js';

describe('the descriptor of the instance whose points are published', () => {
  it('between SRV and time period is desc_current, which GETINFO shows', () => {
    expect(whichPoints(plan(500, false))).toMatchObject({ clientsPeriod: 500, fetchFrom: null });
  });

  it('between time period and SRV is desc_next, fetched from its own ring', () => {
    expect(whichPoints(plan(500, true, [7, 8, 9]))).toMatchObject({
      clientsPeriod: 500,
      fetchFrom: [relayNumber(7), relayNumber(8), relayNumber(9)],
    });
  });

  it('asks an HSDir once that is responsible twice', () => {
    expect(whichPoints(plan(500, true, [7, 8, 7])).fetchFrom).toEqual([relayNumber(7), relayNumber(8)]);
  });

  it('may be for the period before, the present one or the next', () => {
    expect(whichPoints(plan(500, false)).candidates).toEqual([period(499), period(500), period(501)]);
  });
});

describe('the address in a host name', () => {
  it('is what stands before .onion', () => {
    expect(addressOf('abc.onion')).toBe('abc');
    expect(addressOf('abc')).toBe('abc');
  });
});
