import { describe, expect, it } from 'vitest';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { SLOW_RETRY_MS } from '@rustbalance/actors/tor/restart-policy.js';
import { TroubleLog } from '@rustbalance/actors/tor/trouble-log.js';

const world = () => {
  const told: string[] = [];
  const nothing = (): undefined => undefined;
  const log = new TroubleLog({
    error: (_message, _fields, error) => void told.push(error?.code ?? ''),
    warn: nothing,
    info: nothing,
    debug: nothing,
  });
  return { told, log };
};
const ended = errorData('tor.ended', 'tor', { how: 'with exit code 1', lastLine: 'Reading config failed' });

describe('a Tor that keeps ending', () => {
  it('is one loud error after three restarts, however often it is tried, and one an hour later', () => {
    const { told, log } = world();
    const deaths: number[] = [];
    for (let nowMs = 0; nowMs < 30 * 60_000; nowMs += SLOW_RETRY_MS) {
      deaths.push(nowMs);
      log.down(ended, deaths, nowMs);
      if (deaths.length === 3) expect(told).toEqual([]);
    }
    expect(told).toEqual(['tor.keeps-ending']);
    const laterMs = 70 * 60_000;
    log.down(
      ended,
      [0, 1, 2, 3].map((n) => laterMs - n),
      laterMs,
    );
    expect(told).toEqual(['tor.keeps-ending', 'tor.keeps-ending']);
  });

  it('is news again after it was up', () => {
    const { told, log } = world();
    const four = [1, 2, 3, 4];
    log.down(ended, four, 10);
    log.over();
    log.down(ended, four, 20);
    expect(told).toHaveLength(2);
  });
});
