import { ACTIONS, actionKey, declarationOf } from '@rustbalance/actors/health/repair/actions.js';
import type { RepairAction, RepairKind } from '@rustbalance/actors/health/repair/actions.js';
import { BETWEEN_STEPS_MS, NOTHING_TO_REPAIR, repairTurn } from '@rustbalance/actors/health/repair/engine.js';
import type { RepairOrder, RepairState } from '@rustbalance/actors/health/repair/engine.js';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

const MINUTE = 60_000;
const TOR: RepairAction = { kind: 'restart-tor', target: '' };
const PROXY: RepairAction = { kind: 'restart-actor', target: 'proxy' };
const BETA: RepairAction = { kind: 'reconnect-peer', target: 'beta' };
const TUNNEL: RepairAction = { kind: 'rebuild-tunnel', target: '' };
const GAMMA: RepairAction = { kind: 'reconnect-peer', target: 'gamma' };

interface Told {
  readonly atMs: number;
  /** Which `pass` it fell into: at its very end the next one's needs are not there yet. */
  readonly during: number;
  readonly order: RepairOrder;
}

/** The reducer under a clock that jumps to whenever it wants to be woken, or the next change comes. */
class Bench {
  nowMs = 0;
  passed = 0;
  state: RepairState = NOTHING_TO_REPAIR;
  readonly told: Told[] = [];
  needs: readonly RepairAction[] = [];
  mayExit = true;

  turn(): number | null {
    const { state, orders, wakeAtMs } = repairTurn(this.state, this.needs, this.nowMs, this.mayExit);
    this.state = state;
    for (const order of orders) {
      this.told.push({ atMs: this.nowMs, during: this.passed, order });
    }
    return wakeAtMs;
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let wakeAtMs = this.turn(); wakeAtMs !== null && wakeAtMs < endMs; wakeAtMs = this.turn()) {
      expect(wakeAtMs).toBeGreaterThan(this.nowMs);
      this.nowMs = wakeAtMs;
    }
    this.nowMs = endMs;
    this.turn();
    this.passed++;
  }

  /** `action@second` of every order. */
  get repairs(): readonly string[] {
    return this.told.flatMap(({ atMs, order }) =>
      order.kind === 'repair' ? [`${actionKey(order.action)}@${String(atMs / 1000)}`] : [],
    );
  }

  get steps(): readonly string[] {
    return this.told.flatMap(({ atMs, order }) =>
      order.kind === 'escalate' ? [`${order.step}@${String(atMs / 1000)}`] : [],
    );
  }
}

const bench = (...needs: readonly RepairAction[]): Bench => {
  const made = new Bench();
  made.needs = needs;
  return made;
};

describe('a repair', () => {
  it('comes only after the grace, in which the actor mends itself', () => {
    const world = bench(PROXY);
    world.pass(4000);
    expect(world.repairs).toEqual([]);
    world.needs = [];
    world.pass(1000);
    world.needs = [PROXY];
    world.pass(4000);
    expect(world.repairs).toEqual([]);
    world.pass(1000);
    expect(world.repairs).toEqual(['restart-actor proxy@10']);
  });

  it('is repeated with a back-off that doubles, until the budget is spent', () => {
    const world = bench(PROXY);
    world.pass(5 * MINUTE);
    expect(world.repairs).toEqual([
      'restart-actor proxy@5',
      'restart-actor proxy@15',
      'restart-actor proxy@35',
    ]);
  });

  it('is made for each target by itself', () => {
    const world = bench(BETA, GAMMA);
    world.pass(21_000);
    expect(world.repairs).toEqual(['reconnect-peer beta@20', 'reconnect-peer gamma@20']);
  });

  it('keeps its back-off when the finding comes back soon, and begins anew when it stayed away', () => {
    const world = bench(BETA);
    world.pass(60_000);
    expect(world.repairs).toEqual(['reconnect-peer beta@20', 'reconnect-peer beta@50']);
    world.needs = [];
    world.pass(30_000);
    world.needs = [BETA];
    world.pass(60_000);
    // A minute after the second order, and the grace over as well.
    expect(world.repairs.slice(2)).toEqual(['reconnect-peer beta@110']);
    world.needs = [];
    world.pass(ACTIONS['reconnect-peer'].calmMs);
    expect(world.state.cases.size).toBe(0);
    world.needs = [BETA];
    world.pass(51_000);
    // 270 s: begun anew, with the first back-off.
    expect(world.repairs.slice(3)).toEqual(['reconnect-peer beta@290', 'reconnect-peer beta@320']);
  });

  it('goes on for ever, as slowly as the budget allows, when nothing helps', () => {
    const world = bench(PROXY);
    world.mayExit = false;
    world.pass(60 * MINUTE);
    const { times, periodMs } = ACTIONS['restart-actor'].budget;
    expect(world.repairs.length).toBeGreaterThan(10);
    expect(world.repairs.length).toBeLessThanOrEqual((times * 60 * MINUTE) / periodMs);
  });
});

describe('the escalation', () => {
  it('follows step by step when the budget is spent and the last order had its time', () => {
    const world = bench(PROXY);
    world.pass(4 * MINUTE);
    // The third order was at 35 s, and has its 40 s of back-off.
    expect(world.steps).toEqual(['step-down@75', 'alert@135', 'exit@195']);
  });

  it('ends everything with the exit, and nothing is ordered any more', () => {
    const world = bench(PROXY, BETA);
    world.pass(4 * MINUTE);
    const before = world.told.length;
    expect(world.told.at(-1)?.order).toMatchObject({ kind: 'escalate', step: 'exit' });
    world.needs = [PROXY, TOR, GAMMA];
    world.pass(120 * MINUTE);
    expect(world.told.length).toBe(before);
  });

  it('passes over an exit that did not help a while ago, and says it all again a period later', () => {
    const world = bench(PROXY);
    world.mayExit = false;
    world.pass(40 * MINUTE);
    const steps = world.steps.map((step) => step.split('@')[0]);
    expect(steps.slice(0, 4)).toEqual(['step-down', 'alert', 'step-down', 'alert']);
  });

  it('never ends the process where a restart of it would mend nothing', () => {
    for (const kind of [
      'rebuild-tunnel',
      'republish',
      'reconnect-peer',
      'reset-election',
      'restore-key',
      'step-down',
    ] as const) {
      expect(declarationOf({ kind, target: '' }).escalation, kind).not.toContain('exit');
    }
    const world = bench(TUNNEL);
    world.pass(300 * MINUTE);
    expect(new Set(world.steps.map((step) => step.split('@')[0]))).toEqual(new Set(['alert']));
  });

  it('never comes for a peer, which may be off for days: its finding is alerted already', () => {
    const world = bench(BETA);
    world.pass(24 * 60 * MINUTE);
    expect(world.steps).toEqual([]);
    expect(world.repairs.length).toBeGreaterThan(24);
  });

  it('does not come when the finding goes meanwhile', () => {
    const world = bench(PROXY);
    world.pass(70_000);
    world.needs = [];
    world.pass(60 * MINUTE);
    expect(world.steps).toEqual([]);
  });
});

describe('every declaration', () => {
  it.each(Object.keys(ACTIONS) as RepairKind[])('of %s fits together', (kind) => {
    const { budget, coolDownMs, backoff, escalation } = declarationOf({ kind, target: '' });
    expect(budget.times).toBeGreaterThan(0);
    // Otherwise the budget could never be spent, and the escalation never come.
    const longestMs = Array.from({ length: budget.times - 1 }, (_, tries) =>
      Math.max(coolDownMs, Math.min(backoff.longestMs, backoff.firstMs * 2 ** tries)),
    ).reduce((sum, ms) => sum + ms, 0);
    expect(longestMs).toBeLessThan(budget.periodMs);
    // Nobody is left without a word: but of a peer its own finding is that word, and it may be off for days.
    if (kind !== 'reconnect-peer') expect(escalation).toContain('alert');
    expect(escalation.indexOf('exit')).toBeOneOf([-1, escalation.length - 1]);
  });
});

const actions = [
  TOR,
  PROXY,
  BETA,
  GAMMA,
  { kind: 'republish', target: '' },
] as const satisfies RepairAction[];

const moment = fc.record({
  passMs: fc.integer({ min: 0, max: 20 * MINUTE }),
  needs: fc.subarray([...actions]),
  mayExit: fc.boolean(),
});

test('whatever comes and goes: cool-down, budget, grace and order of the escalation hold', () => {
  fc.assert(
    fc.property(fc.array(moment, { minLength: 1, maxLength: 40 }), (moments) => {
      const world = new Bench();
      const neededSince = new Map<string, number>();
      const asked: ReadonlyMap<string, number>[] = [];
      for (const { passMs, needs, mayExit } of moments) {
        world.needs = needs;
        world.mayExit = mayExit;
        const keys = new Set(needs.map(actionKey));
        for (const key of [...neededSince.keys()]) if (!keys.has(key)) neededSince.delete(key);
        for (const key of keys) if (!neededSince.has(key)) neededSince.set(key, world.nowMs);
        asked.push(new Map(neededSince));
        world.pass(passMs);
      }
      const orders = new Map<string, number[]>();
      let exitAt: number | null = null;
      for (const { atMs, during, order } of world.told) {
        expect(exitAt, 'nothing follows an exit').toBeNull();
        const key = actionKey(order.action);
        const { coolDownMs, budget, graceMs, escalation } = declarationOf(order.action);
        const since = asked[during]!.get(key);
        expect(since, `${key} at ${String(atMs)} was asked for`).toBeDefined();
        const times = orders.get(key) ?? [];
        if (order.kind === 'repair') {
          expect(atMs - since!).toBeGreaterThanOrEqual(graceMs);
          if (times.length > 0) expect(atMs - times.at(-1)!).toBeGreaterThanOrEqual(coolDownMs);
          orders.set(key, [...times, atMs]);
          const counted = [...times, atMs].filter((one) => atMs - one < budget.periodMs);
          expect(counted.length).toBeLessThanOrEqual(budget.times);
        } else {
          expect(escalation).toContain(order.step);
          if (order.step === escalation[0]) {
            // Its first step: the budget was spent at some time, and never by less than all of it.
            expect(times.length, 'escalated before the budget was spent').toBeGreaterThanOrEqual(
              budget.times,
            );
          }
          if (order.step === 'exit') exitAt = atMs;
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('between two steps there is time for the first to help', () => {
  const world = bench(TOR);
  world.pass(120 * MINUTE);
  const atMs = world.told.filter(({ order }) => order.kind === 'escalate').map((one) => one.atMs);
  expect(atMs.length).toBe(3);
  atMs.slice(1).forEach((ms, index) => {
    expect(ms - atMs[index]!).toBeGreaterThanOrEqual(BETWEEN_STEPS_MS);
  });
});
