import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { describe, expect, it } from 'vitest';
import {
  DEATHS_WINDOW_MS,
  reconnectDelayMs,
  restartDecision,
  SLOW_RETRY_MS,
  unitRestartDue,
  withDeath,
} from '@rustbalance/actors/tor/restart-policy.js';

describe('the restart of a Tor that died', () => {
  it.each([
    [[1000], 0, false],
    [[1000, 2000], 1_000, false],
    [[1000, 2000, 3000], 5_000, false],
    [[1000, 2000, 3000, 4000], SLOW_RETRY_MS, true],
    [[1000, 2000, 3000, 4000, 5000, 6000], SLOW_RETRY_MS, true],
  ])('after deaths at %j waits %d ms, slow: %s', (deaths, delayMs, slow) => {
    expect(restartDecision(deaths, deaths.at(-1) ?? 0)).toEqual({
      delayMs,
      slow,
      recentDeaths: deaths.length,
    });
  });

  it('comes at once again when the other deaths are long ago', () => {
    const now = 10 * DEATHS_WINDOW_MS;
    expect(restartDecision([1, 2, 3, now], now)).toEqual({ delayMs: 0, slow: false, recentDeaths: 1 });
  });

  it('is never given up', () => {
    let deaths: readonly number[] = [];
    for (let now = 0; now < 100 * SLOW_RETRY_MS; now += SLOW_RETRY_MS) {
      deaths = withDeath(deaths, now);
      expect(restartDecision(deaths, now).delayMs).toBeLessThanOrEqual(SLOW_RETRY_MS);
    }
    expect(deaths.length).toBeLessThanOrEqual(DEATHS_WINDOW_MS / SLOW_RETRY_MS);
  });
});

describe('the reconnection to a system Tor', () => {
  it('is tried quickly at first, then every 5 s for ever', () => {
    expect(reconnectDelayMs(1)).toBe(100);
    const delays = Array.from({ length: 50 }, (_, i) => reconnectDelayMs(i + 1));
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBe(5_000);
  });
});

describe('the restart of the unit of a system Tor', () => {
  const down = { downSinceMs: 0, isHung: false, restartsMs: [], nowMs: 60_000 };

  it('comes when it cannot be reached', () => {
    const lastError = errorData('control.unreachable', 'tor', { reason: 'ECONNREFUSED' });
    expect(unitRestartDue({ ...down, lastError })).toBe(true);
    expect(unitRestartDue({ ...down, lastError: null })).toBe(true);
  });

  it.each([
    errorData('control.auth-password-wrong', 'tor'),
    errorData('control.auth-cookie-refused', 'tor', { file: '/run/tor/control.authcookie' }),
    errorData('control.unreachable', 'tor', { reason: 'connect EACCES /run/tor/control' }),
  ])('never comes where it answers and lets us not in: $code', (lastError) => {
    expect(unitRestartDue({ ...down, lastError })).toBe(false);
  });
});
