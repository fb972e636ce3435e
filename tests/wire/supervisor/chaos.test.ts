/** Supervision of real threads that really fail. */
import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { afterEach, expect, test } from 'vitest';
import { eventually, within } from '../../support/eventually.js';
import { PATIENCE_MS, smallConfig, startSmallSystem } from './small-system.js';
import type { Manners, SmallSystem } from './small-system.js';

const patience = { timeoutMs: PATIENCE_MS };
const running: SmallSystem[] = [];

const start = (manners: Manners = {}, supervisor: Record<string, number> = {}): SmallSystem => {
  const system = startSmallSystem(smallConfig({ supervisor, manners }));
  running.push(system);
  return system;
};

afterEach(async () => {
  for (const { system, ended } of running.splice(0)) {
    if (system.state().phase.at === 'ended') continue;
    system.stop();
    await ended();
  }
});

const ALL_FIRST = { tor: 1, wg: 1, election: 1, publisher: 1, proxy: 1, health: 1 };

const terminations = (records: readonly LogRecord[]) =>
  records.filter(({ fields }) => fields['report'] === 'child_terminated');

test.each(CHAOS_MODES)(
  'a thread made to fail by %s is replaced, and answers again; no other is touched',
  async (mode) => {
    // Where the processors are taken, collecting a full heap keeps a thread silent for longer than one that hangs is given here.
    const { system, ready, ask, askInVain, generations, records } = start(
      {},
      mode === 'hang' ? {} : { ping_timeout_secs: PATIENCE_MS / 1000 },
    );
    await ready;
    expect(await ask()).toBe('tor#1');
    const pending = askInVain();
    const died = expect(pending).rejects.toMatchObject({ code: 'message.peer-died' });
    expect(system.damage('tor', mode)).toBe(1);
    await died;
    expect(await ask()).toBe('tor#2');
    expect(generations()).toEqual({ ...ALL_FIRST, tor: 2 });
    const expected = {
      throw: 'actor.crashed',
      exit: 'actor.exited',
      hang: 'actor.unresponsive',
      oom: 'actor.out-of-memory',
    }[mode];
    expect(terminations(records)).toMatchObject([{ level: 'warn', error: { code: expected } }]);
  },
);

test('a thread that hangs is told from one whose machine is stuck by its loop, which the supervisor reads', async () => {
  const { system, ready, generations, isUp, records } = start();
  await ready;
  system.damage('tor', 'hang');
  await eventually('the second tor', () => generations()['tor'] === 2 && isUp('tor'), patience);
  expect(Number(terminations(records)[0]?.fields['loop_utilisation'])).toBeGreaterThan(0.9);
});

test('a thread that spins is found by the processor time that it uses, long before the ping timeout', async () => {
  const { system, ready, generations, isUp, records } = start({}, { ping_timeout_secs: 3_600 });
  await ready;
  system.damage('tor', 'hang');
  await eventually('the second tor', () => generations()['tor'] === 2 && isUp('tor'), patience);
  expect(terminations(records)).toMatchObject([{ error: { code: 'actor.unresponsive' } }]);
});

test('a thread that waits without turning its loop uses no time, and has until the ping timeout', async () => {
  const { router, ready, generations, isUp, records } = start({}, { ping_timeout_secs: 2.5 });
  await ready;
  router.order('publisher.publish-now', { reason: 'block' });
  await eventually(
    'the second publisher',
    () => generations()['publisher'] === 2 && isUp('publisher'),
    patience,
  );
  const [termination] = terminations(records);
  expect(termination?.error).toMatchObject({ code: 'actor.unresponsive' });
  expect(Number(termination?.error?.detail?.['silentMs'])).toBeGreaterThanOrEqual(2_500);
});

test.each([
  ['its event loop drains', 'drain', 'actor.exited'],
  ['its machine stops while its loop lives on', 'zombie', 'actor.machine-stopped'],
  ['it throws an error of ours, which keeps its code', 'refuse', 'state.write-failed'],
  ['it throws anything else', 'x', 'actor.crashed'],
])('an actor is replaced when %s', async (_name, reason, code) => {
  const { router, ready, isUp, generations, records } = start();
  await ready;
  router.order('publisher.publish-now', { reason });
  await eventually(
    'the second publisher',
    () => generations()['publisher'] === 2 && isUp('publisher'),
    patience,
  );
  expect(terminations(records)).toMatchObject([{ error: { code } }]);
});

test('a restarted actor is given the facts again, and its own inspection shows them', async () => {
  const { system, ready, generations, isUp } = start();
  await ready;
  system.damage('tor', 'throw');
  await eventually('the second tor', () => generations()['tor'] === 2 && isUp('tor'), patience);
  const dump = await system.dump('tor', PATIENCE_MS);
  expect(dump?.inspection).toEqual({
    state: 'well',
    context: { seen: { 'publisher.counters': { counters: [] } }, act: '[function]' },
  });
});

test('a hanging actor gives no dump, and costs no more than the deadline', async () => {
  const { system, ready } = start({}, { ping_timeout_secs: 5 });
  await ready;
  system.damage('wg', 'hang');
  expect(await system.dump('wg', 50)).toBeNull();
});

test('an inspection of an actor that dies is answered then, not at its deadline', async () => {
  const { system, ready } = start();
  await ready;
  system.damage('wg', 'exit');
  expect(
    await within(PATIENCE_MS / 2, 'the inspection ends', system.dump('wg', 10 * PATIENCE_MS)),
  ).toBeNull();
});

test('an actor that fails again and again ends the system with the reserved code, and no thread is left', async () => {
  const { system, ready, ended, generations } = start(
    { health: 'broken-later' },
    { intensity: 2, period_secs: 60, start_timeout_secs: 10 },
  );
  await ready;
  system.damage('health', 'exit');
  expect(await ended()).toEqual({ code: 70, forced: false });
  expect(generations()).toEqual({ ...ALL_FIRST, health: 3 });
});

test.each([
  ['throws', 'broken', 1, 'actor.crashed'],
  ['finds the configuration wrong', 'misconfigured', 78, 'config.target-missing'],
])('a first start in which an actor %s ends at once, naming it', async (_name, manner, code, error) => {
  const { ended, records } = start({ proxy: manner });
  expect(await ended()).toEqual({ code, forced: false });
  const failed = records.filter(({ fields }) => fields['report'] === 'start_error');
  expect(failed).toMatchObject([{ fields: { actor: 'proxy', generation: 1 }, error: { code: error } }]);
});

test('a first start in which an actor is never ready ends after the start timeout', async () => {
  const { ended, records } = start({ wg: 'slow' }, { start_timeout_secs: 1, intensity: 1, period_secs: 60 });
  expect(await ended()).toEqual({ code: 1, forced: false });
  expect(records.some(({ error }) => error?.code === 'actor.start-timeout')).toBe(true);
});

test('a stop ends the threads in reverse; one that does not stop when asked is terminated', async () => {
  const { system, ready, ended, records } = start({ election: 'deaf' }, { shutdown_secs: 2 });
  await ready;
  system.stop();
  expect(await ended()).toEqual({ code: 0, forced: false });
  const late = records.filter(({ fields }) => fields['report'] === 'shutdown_error');
  expect(late).toMatchObject([{ fields: { actor: 'election' }, error: { code: 'actor.shutdown-timeout' } }]);
});

test('what a thread writes past the logger is logged, not lost and not raw', async () => {
  const { router, ready, records } = start();
  await ready;
  router.order('publisher.publish-now', { reason: 'print' });
  const stray = await eventually(
    'the stray line',
    () => records.find(({ fields }) => fields['line'] === 'printed past the logger'),
    patience,
  );
  expect(stray).toMatchObject({ level: 'warn', component: 'supervisor', fields: { actor: 'publisher' } });
});
