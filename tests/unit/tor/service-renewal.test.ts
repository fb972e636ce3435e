import { describe, expect, it } from 'vitest';
import { NO_RENEWAL, renewalVerdict, type RenewalState } from '@rustbalance/actors/tor/service-renewal.js';

/** When the service is renewed within `untilMs`, looked at each second, if too few points live all the time. */
const renewals = (untilMs: number, alive: number, circuits: number): number[] => {
  const at: number[] = [];
  let state: RenewalState = NO_RENEWAL;
  for (let now = 0; now <= untilMs; now += 1000) {
    const verdict = renewalVerdict(state, alive, circuits, now);
    state = verdict.state;
    if (verdict.renew) at.push(now);
  }
  return at;
};

describe('setting the service up anew', () => {
  it('happens when fewer than three points have lived for 15 s', () => {
    expect(renewals(20_000, 2, 4)).toEqual([15_000]);
    expect(renewals(20_000, 0, 0)).toEqual([15_000]);
  });

  it.each([
    [3, 3],
    [1, 6],
  ])('does not happen with %d points and %d circuits', (alive, circuits) => {
    expect(renewals(600_000, alive, circuits)).toEqual([]);
  });

  it('waits again when Tor mended itself in between', () => {
    const lacking = renewalVerdict(NO_RENEWAL, 2, 4, 0).state;
    const mended = renewalVerdict(lacking, 3, 6, 14_000).state;
    expect(renewalVerdict(mended, 2, 5, 16_000)).toMatchObject({ renew: false, wakeAtMs: 31_000 });
  });

  it('comes at ever longer intervals while it does not help', () => {
    const at = renewals(3 * 3_600_000, 2, 4);
    const pauses = at.slice(1).map((time, i) => time - at[i]!);
    expect(pauses.slice(0, 3)).toEqual([60_000, 120_000, 240_000]);
    expect(Math.max(...pauses)).toBe(1_800_000);
  });
});
