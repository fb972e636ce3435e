import {
  MOST_ALERTS,
  MOST_PERIOD_MS,
  NO_ALERTS,
  alertTurn,
} from '@rustbalance/actors/health/alerts/alerting.js';
import type { Alert, AlertState } from '@rustbalance/actors/health/alerts/alerting.js';
import { alertPayload } from '@rustbalance/actors/health/alerts/payload.js';
import type { Finding } from '@rustbalance/actors/health/messages.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

const SETTINGS = { afterMs: 60_000, repeatMs: 3_600_000 };

const finding = (where: string, critical = false): Finding => ({
  error: errorData('health.target-down', where, { reason: 'refused' }),
  sinceMs: 5000,
  critical,
});

class Bench {
  nowMs = 0;
  state: AlertState = NO_ALERTS;
  findings: readonly Finding[] = [];
  readonly told: { readonly atMs: number; readonly alert: Alert }[] = [];

  turn(): number | null {
    const { state, alerts, wakeAtMs } = alertTurn(this.state, this.findings, this.nowMs, SETTINGS);
    this.state = state;
    for (const alert of alerts) this.told.push({ atMs: this.nowMs, alert });
    return wakeAtMs;
  }

  pass(ms: number, ...findings: readonly Finding[]): void {
    this.findings = findings;
    const endMs = this.nowMs + ms;
    for (let wakeAtMs = this.turn(); wakeAtMs !== null && wakeAtMs < endMs; wakeAtMs = this.turn()) {
      expect(wakeAtMs).toBeGreaterThan(this.nowMs);
      this.nowMs = wakeAtMs;
    }
    this.nowMs = endMs;
    this.turn();
  }

  get lines(): readonly string[] {
    return this.told.map(
      ({ atMs, alert: { event, error, folded } }) =>
        `${String(atMs / 1000)} ${event} ${error.where}${folded === 0 ? '' : ` +${String(folded)}`}`,
    );
  }
}

describe('an alert', () => {
  it('comes once for a finding that lasts, and once for its end', () => {
    const world = new Bench();
    world.pass(600_000, finding('a'));
    world.pass(600_000);
    expect(world.lines).toEqual(['60 problem a', '660 resolved a']);
  });

  it('comes at once for a critical finding, and not at all for one that passes', () => {
    const world = new Bench();
    world.pass(59_000, finding('a'), finding('b', true));
    world.pass(600_000);
    expect(world.lines).toEqual(['0 problem b', '119 resolved b']);
  });

  it('is not repeated for what flaps: the next one says how often', () => {
    const world = new Bench();
    for (let time = 0; time < 10; time++) {
      world.pass(200_000, finding('a'));
      world.pass(200_000);
    }
    // 60 s after it came; its end; an hour later once more, for nine times.
    expect(world.lines).toEqual(['60 problem a', '260 resolved a', '3660 problem a +9', '3860 resolved a']);
  });

  it('is left out when there are too many, and the next one says how many', () => {
    const world = new Bench();
    const many = Array.from({ length: 30 }, (_, index) => finding(String(index), true));
    world.pass(1000, ...many);
    expect(world.told.length).toBe(MOST_ALERTS);
    world.pass(MOST_PERIOD_MS, ...many);
    world.pass(1000, ...many, finding('late', true));
    expect(world.told.at(-1)?.alert).toMatchObject({ error: { where: 'late' }, suppressed: 20 });
  });

  it('holds no address of an onion service, in whatever text it comes', () => {
    const address = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd';
    const error = errorData('health.target-down', `x ${address}.onion`, { reason: address });
    const alert: Alert = { event: 'problem', error, sinceMs: 0, folded: 0, suppressed: 0 };
    const text = alertPayload(alert, 'alpha', 1000);
    expect(text).not.toContain(address.slice(0, 20));
    expect(JSON.parse(text)).toMatchObject({ event: 'problem', node: 'alpha', code: 'health.target-down' });
  });
});

test('whatever comes and goes: no more alerts than allowed, no end without its problem, never twice the same', () => {
  const moment = fc.record({
    passMs: fc.integer({ min: 0, max: 1_000_000 }),
    there: fc.subarray(['a', 'b', 'c', 'd'].map((where, index) => finding(where, index > 1))),
  });
  fc.assert(
    fc.property(fc.array(moment, { minLength: 1, maxLength: 40 }), (moments) => {
      const world = new Bench();
      for (const { passMs, there } of moments) world.pass(passMs, ...there);
      const open = new Set<string>();
      const last = new Map<string, number>();
      const problems: number[] = [];
      for (const { atMs, alert } of world.told) {
        const { where } = alert.error;
        if (alert.event === 'resolved') {
          expect(open.delete(where)).toBe(true);
          continue;
        }
        expect(open.has(where)).toBe(false);
        open.add(where);
        expect(atMs - (last.get(where) ?? -Infinity)).toBeGreaterThanOrEqual(SETTINGS.repeatMs);
        last.set(where, atMs);
        problems.push(atMs);
        expect(problems.filter((one) => atMs - one < MOST_PERIOD_MS).length).toBeLessThanOrEqual(MOST_ALERTS);
      }
    }),
    { numRuns: 300 },
  );
});
