import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import type { NotifyState } from '@rustbalance/supervisor/notify.js';
import { startServicePulse } from '@rustbalance/supervisor/service-pulse.js';
import type { PulseParts } from '@rustbalance/supervisor/service-pulse.js';
import { watchdogVerdict } from '@rustbalance/supervisor/watchdog-verdict.js';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { SimulatedTree, oneForOne } from './simulated-tree.js';

const setUp = (patienceMs: number | null, verdict?: PulseParts['verdict']) => {
  const clock = new SimulatedClock(0);
  const told: NotifyState[] = [];
  const records: LogRecord[] = [];
  const world = { stuck: null as string | null, status: 'fine', lateMs: 0 };
  const pulse = startServicePulse({
    clock: {
      wallMs: () => clock.wallMs(),
      monotonicMs: () => clock.monotonicMs(),
      // How late a timer fires whose loop does not turn.
      after: (delayMs, fire) => clock.after(delayMs + world.lateMs, fire),
    },
    log: makeLogger(
      'test',
      () => 0,
      (record) => records.push(record),
    ),
    notify: (state) => told.push(state),
    patienceMs,
    verdict: verdict ?? ((watch) => ({ watch, stuck: world.stuck })),
    status: () => world.status,
  });
  const fed = (): number => told.filter(({ kind }) => kind === 'watchdog').length;
  return { clock, told, records, world, pulse, fed };
};

test('the watchdog is fed three times within its patience', async () => {
  const { clock, fed } = setUp(30_000);
  await clock.advance(30_000);
  expect(fed()).toBe(4);
});

test('a bad verdict ends the feeding and says why; a good one begins it again', async () => {
  const { clock, world, fed, records } = setUp(30_000);
  world.stuck = 'the wg actor is stuck (ending)';
  await clock.advance(20_000);
  expect(fed()).toBe(1);
  expect(records[0]?.error?.what).toContain('the wg actor is stuck');
  world.stuck = null;
  await clock.advance(10_000);
  expect(fed()).toBe(2);
});

test('without a watchdog only the status is told, when it changes', async () => {
  const { clock, world, told } = setUp(null);
  await clock.advance(60_000);
  world.status = 'worse';
  await clock.advance(60_000);
  expect(told).toEqual([
    { kind: 'status', text: 'fine' },
    { kind: 'status', text: 'worse' },
  ]);
});

test('a stopped pulse says nothing more', async () => {
  const { clock, pulse, told } = setUp(3_000);
  pulse.stop();
  const before = told.length;
  await clock.advance(60_000);
  expect(told).toHaveLength(before);
});

const SPEC = oneForOne('a');

test('a loop that is late at every beat still has what hangs found', async () => {
  const { state } = SimulatedTree.booted(SPEC);
  const { clock, world, fed, records } = setUp(30_000, (before, nowMs) =>
    watchdogVerdict(SPEC, state, before, nowMs),
  );
  world.lateMs = 5_000;
  await clock.advance(60_000);
  expect(fed()).toBe(1);
  expect(records.at(-1)?.error?.what).toContain('the supervisor does not do what is due');
});

test('time in which the whole process stood still is held against nobody', async () => {
  const tree = SimulatedTree.booted(SPEC);
  tree.manners.set('a', 'immortal');
  const { clock, world, fed, records } = setUp(30_000, (before, nowMs) =>
    watchdogVerdict(SPEC, tree.state, before, nowMs),
  );
  world.lateMs = 600_000;
  tree.pass(9_950);
  await clock.advance(10_000);
  tree.pass(10_000);
  // It was ended right before: nobody could see whether it did.
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: false });
  await clock.advance(610_000);
  expect(records).toEqual([]);
  expect(fed()).toBe(3);
});
