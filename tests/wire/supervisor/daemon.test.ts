/** The whole daemon in this process, with small actors in its threads. */
import { readFile, stat } from 'node:fs/promises';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { CHILDREN_STOP_MS } from '@rustbalance/supervisor/actor-specs.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { expect, test } from 'vitest';
import { SILENT_STATES } from '../../support/cluster/status.js';
import { eventually } from '../../support/eventually.js';
import { PLANTED, daemonsUnderTest } from './daemon-under-test.js';
import { PATIENCE_MS } from './small-system.js';

const { start } = daemonsUnderTest();
const patience = { timeoutMs: PATIENCE_MS };

test('a daemon starts, serves status and inspect, and stops when told over its socket', async () => {
  const daemon = start();
  await daemon.ready;
  const status = await askDaemon(daemon.socket, { command: 'status' });
  expect(status).toMatchObject({
    node: { id: 'n1', mode: 'single' },
    ready: true,
    peers: [],
    descriptors: [],
  });
  const inspection = await askDaemon(daemon.socket, { command: 'inspect', actor: null });
  expect(Object.keys(inspection.actors)).toEqual([...ACTOR_NAMES]);
  expect(inspection.actors.publisher).toMatchObject({
    state: 'well',
    generation: 1,
    restarts: 0,
    last_error: null,
  });
  expect(inspection.supervisor).toMatchObject({ pid: process.pid, phase: 'running' });
  expect(await askDaemon(daemon.socket, { command: 'stop' })).toEqual({ stopping: true });
  expect(await daemon.ended).toBe(0);
  expect(daemon.told()).toEqual(['ready', 'stopping']);
  await expect(stat(daemon.socket)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(askDaemon(daemon.socket, { command: 'status' })).rejects.toMatchObject({
    code: 'daemon.not-running',
  });
});

test('an inspection of one actor shows why it was restarted', async () => {
  const daemon = start();
  await daemon.ready;
  expect(await askDaemon(daemon.socket, { command: 'chaos', actor: 'wg', mode: 'throw' })).toEqual({
    actor: 'wg',
    generation: 1,
  });
  const wg = await eventually(
    'the second wg actor',
    async () => {
      const { actors } = await askDaemon(daemon.socket, { command: 'inspect', actor: 'wg' });
      return actors.wg?.generation === 2 && actors.wg.state === 'well' && actors;
    },
    patience,
  );
  expect(wg).toMatchObject({
    wg: {
      restarts: 1,
      last_error: { code: 'actor.crashed', where: 'wg' },
      history: [{ generation: 1, error: { code: 'actor.crashed' } }],
    },
  });
  expect(Object.keys(wg)).toEqual(['wg']);
});

test('a hanging actor does not keep an inspection from being answered', async () => {
  const daemon = start({ supervisor: { ping_timeout_secs: 10 } });
  await daemon.ready;
  await askDaemon(daemon.socket, { command: 'chaos', actor: 'election', mode: 'hang' });
  const { actors } = await askDaemon(daemon.socket, { command: 'inspect', actor: null }, PATIENCE_MS);
  // One that spins may have been found and ended by then.
  expect(SILENT_STATES).toContain(actors.election?.state);
  expect(actors.tor?.state).toBe('well');
});

test('a second daemon of the same directories is refused, and the first one goes on', async () => {
  const first = start();
  await first.ready;
  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.log()).toContain('control-socket.in-use');
  expect((await askDaemon(first.socket, { command: 'status' })).ready).toBe(true);
});

test('a signal stops in order; a second one ends at once', async () => {
  const daemon = start({ manners: { health: 'deaf' }, supervisor: { shutdown_secs: 60 } });
  await daemon.ready;
  daemon.stop();
  expect((await askDaemon(daemon.socket, { command: 'inspect', actor: 'tor' })).supervisor.phase).toBe(
    'stopping',
  );
  daemon.stop();
  expect(await daemon.ended).toBe(1);
});

test('a second signal ends at once also when only a child is waited for that does not end; nothing complains', async () => {
  const daemon = start({ manners: { health: 'has-a-deaf-child' }, surroundings: { watchdogMs: 30 } });
  await daemon.ready;
  const pid = await eventually(
    'the child is deaf',
    async () => {
      const [, child] = /child process started.*pid=(\d+)/.exec(daemon.log()) ?? [];
      const deaf =
        child !== undefined && (await readFile(`/proc/${child}/cmdline`, 'latin1')).startsWith('sleep');
      return deaf && child;
    },
    patience,
  );
  daemon.stop();
  await eventually(
    'the actors have ended',
    async () =>
      (await askDaemon(daemon.socket, { command: 'inspect', actor: 'tor' })).supervisor.phase === 'ended',
    patience,
  );
  const beganMs = performance.now();
  daemon.stop();
  expect(await daemon.ended).toBe(0);
  expect(performance.now() - beganMs).toBeLessThan(CHILDREN_STOP_MS / 2);
  await eventually('the child is gone', async () => !(await isAlive(pid)), patience);
  expect(daemon.log()).not.toContain('[supervisor.stuck]');
});

const isAlive = (pid: string): Promise<boolean> =>
  stat(`/proc/${pid}/exe`).then(
    () => true,
    () => false,
  );

test('the watchdog is fed by the verdict on the supervisor, and not by a timer', async () => {
  const watchdogMs = 300;
  let stands = false;
  // Where it stands no timer fires any more, as in a supervisor that has lost its own; the pulse's goes on.
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, fire) =>
      stands && delayMs !== watchdogMs / 3 ? () => undefined : systemClock.after(delayMs, fire),
  };
  const daemon = start({ surroundings: { watchdogMs, clock } });
  await daemon.ready;
  const before = daemon.fed();
  await eventually('it is fed, again and again', () => daemon.fed() > before + 5, patience);
  expect(daemon.log()).not.toContain('[supervisor.stuck]');
  stands = true;
  await eventually('the verdict is bad', () => daemon.log().includes('[supervisor.stuck]'), patience);
  const fed = daemon.fed();
  const complaints = (): number => daemon.log().split('[supervisor.stuck]').length;
  const complained = complaints();
  await eventually('five beats more', () => complaints() > complained + 5, patience);
  expect(daemon.fed()).toBe(fed);
});

test('a reload gives the actors concerned the new configuration and leaves the others alone', async () => {
  const daemon = start();
  await daemon.ready;
  const { config } = daemon;
  daemon.reload({ ...config, wireguard: { ...config.wireguard, check_interval_secs: 7 } });
  await eventually(
    'both readers of [wireguard] are others',
    async () => {
      const { actors } = await askDaemon(daemon.socket, { command: 'inspect', actor: null });
      return (
        actors.wg?.generation === 2 && actors.election?.generation === 2 && actors.election.state === 'well'
      );
    },
    patience,
  );
  const { actors } = await askDaemon(daemon.socket, { command: 'inspect', actor: null });
  expect([actors.tor, actors.proxy, actors.publisher, actors.health].map((one) => one?.generation)).toEqual([
    1, 1, 1, 1,
  ]);
  expect(actors.wg).toMatchObject({ restarts: 0, last_error: null });
  expect(daemon.told()).toEqual(['ready', 'reloading', 'ready']);
});

test('a reload of what needs a new process says so in one line, and changes nothing', async () => {
  const daemon = start();
  await daemon.ready;
  const { config } = daemon;
  daemon.reload({ ...config, node: { ...config.node, id: 'n2' } });
  await eventually('it is told', () => daemon.told().length === 3, patience);
  expect((await askDaemon(daemon.socket, { command: 'status' })).node.id).toBe('n1');
  expect(daemon.log().match(/wait for a restart of the daemon.*/g)).toEqual([
    expect.stringContaining('keys=node.id'),
  ]);
});

test('a reload with mistakes keeps the last good configuration, with one error that names the first', async () => {
  const daemon = start();
  await daemon.ready;
  daemon.reload([
    errorData('config.unknown-section', 'config.toml:3', { section: 'nod', hint: '' }),
    errorData('config.unknown-section', 'config.toml:9', { section: 'tar', hint: '' }),
  ]);
  await eventually('the manager is told that it is over', () => daemon.told().length === 3, patience);
  const errors = daemon.log().match(/ error .*/g) ?? [];
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('[reload.refused]');
  expect(errors[0]).toContain('config.toml:3');
  expect(errors[0]).toContain('and 1 more');
});

test('a reload of the log level is in force at once, in every thread', async () => {
  const daemon = start();
  await daemon.ready;
  const { config } = daemon;
  daemon.reload({ ...config, log: { ...config.log, level: 'error' } });
  await eventually('it is told', () => daemon.told().length === 3, patience);
  const before = daemon.log().length;
  await askDaemon(daemon.socket, { command: 'chaos', actor: 'wg', mode: 'throw' });
  await eventually(
    'the second wg actor',
    async () =>
      (await askDaemon(daemon.socket, { command: 'inspect', actor: 'wg' })).actors.wg?.generation === 2,
    patience,
  );
  expect(daemon.log().slice(before)).toBe('');
});

test('an actor that fails too often ends the daemon with the code for that', async () => {
  const daemon = start({
    manners: { wg: 'broken-later' },
    supervisor: { intensity: 1, period_secs: 30 },
  });
  await daemon.ready;
  await askDaemon(daemon.socket, { command: 'chaos', actor: 'wg', mode: 'exit' });
  expect(await daemon.ended).toBe(70);
  expect(daemon.log()).toContain('supervisor.gave-up');
});

test('a first start that fails says in one line of error what to mend', async () => {
  const daemon = start({ manners: { proxy: 'misconfigured' } });
  expect(await daemon.ended).toBe(78);
  const errors = daemon
    .log()
    .split('\n')
    .filter((line) => / error /.test(line));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('there is no target [config.target-missing]. Set [target] url');
});

test('a breaker that cannot trip is refused before anything starts', async () => {
  const daemon = start({ supervisor: { period_secs: 5 } });
  expect(await daemon.ended).toBe(78);
  expect(daemon.log()).toContain('[config.breaker-cannot-trip]');
  await expect(stat(daemon.socket)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a run directory that cannot be made is named', async () => {
  const daemon = start({ runDir: '/proc/nowhere' });
  expect(await daemon.ended).toBe(78);
  expect(daemon.log()).toContain('/proc/nowhere');
});

test('a fault of the main thread ends the daemon as a failure, with the reason', async () => {
  const daemon = start();
  await daemon.ready;
  daemon.fail(new Error('impossible'));
  expect(await daemon.ended).toBe(1);
  expect(daemon.log()).toContain('impossible');
});

test('chaos is refused unless it is enabled', async () => {
  const daemon = start({ configured: (config) => ({ ...config, chaos: { enabled: false } }) });
  await daemon.ready;
  const asked = askDaemon(daemon.socket, { command: 'chaos', actor: 'tor', mode: 'exit' });
  await expect(asked).rejects.toMatchObject({ code: 'chaos.disabled' });
  daemon.stop();
  expect(await daemon.ended).toBe(0);
});

test('no secret appears in the log at its most verbose, nor in status or inspect, whatever fails', async () => {
  const daemon = start();
  await daemon.ready;
  for (const actor of ['election', 'publisher', 'tor'] as const) {
    await askDaemon(daemon.socket, { command: 'chaos', actor, mode: 'throw' });
  }
  const inspection = await eventually(
    'all actors again',
    async () => {
      const answer = await askDaemon(daemon.socket, { command: 'inspect', actor: null });
      return Object.values(answer.actors).every(({ state }) => state === 'well') && answer;
    },
    patience,
  );
  const shown = JSON.stringify([inspection, await askDaemon(daemon.socket, { command: 'status' })]);
  daemon.stop();
  expect(await daemon.ended).toBe(0);
  const base64 = Buffer.from(PLANTED).toString('base64');
  for (const text of [daemon.log(), shown]) {
    expect(text).not.toContain(PLANTED);
    expect(text).not.toContain(base64);
    expect(text).not.toContain(Buffer.from(PLANTED).toString('hex'));
  }
  expect(daemon.log()).toContain('actor ended');
});

test('an actor that the repair engine names is restarted as after any failure', async () => {
  // The last to start orders it, so that the other is up.
  const last = ACTOR_NAMES.at(-1)!;
  const daemon = start({ manners: { [last]: 'restarts-wg' } });
  await daemon.ready;
  const wg = await eventually(
    'the second wg actor',
    async () => {
      const { actors } = await askDaemon(daemon.socket, { command: 'inspect', actor: 'wg' });
      return actors.wg?.generation === 2 && actors.wg.state === 'well' && actors.wg;
    },
    patience,
  );
  expect(wg).toMatchObject({ restarts: 1, last_error: { code: 'actor.restart-ordered', where: 'wg' } });
});

test('when the repair engine gives up, the daemon stops in order with the code for the service manager', async () => {
  const last = ACTOR_NAMES.at(-1)!;
  const daemon = start({ manners: { [last]: 'gives-up' } });
  expect(await daemon.ended.catch(() => daemon.log())).toBe(70);
  expect(daemon.log()).toContain('supervisor.told-to-end');
});
