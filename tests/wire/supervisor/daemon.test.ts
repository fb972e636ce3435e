/** The whole daemon in this process, with small actors in its threads. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { NodeOutcome } from '@rustbalance/actors/kernel/config/load-node.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { runDaemon } from '@rustbalance/supervisor/daemon.js';
import { deferred } from '@rustbalance/supervisor/deferred.js';
import type { NotifyState } from '@rustbalance/supervisor/notify.js';
import { systemSurroundings } from '@rustbalance/supervisor/surroundings.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SILENT_STATES } from '../../support/cluster/status.js';
import { eventually, within } from '../../support/eventually.js';
import { PATIENCE_MS, poolTasks, smallActor, smallConfig } from './small-system.js';
import type { SmallConfig } from './small-system.js';

let folder: string;
const daemons: { stop: () => void; ended: Promise<number> }[] = [];
const patience = { timeoutMs: PATIENCE_MS };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-daemon-'));
});

afterEach(async () => {
  for (const daemon of daemons.splice(0)) {
    daemon.stop();
    await daemon.ended;
  }
  await rm(folder, { recursive: true, force: true });
});

const PLANTED = 'planted-secret-value';

const start = (change: SmallConfig = {}) => {
  const config = smallConfig({ runDir: join(folder, 'run'), ...change });
  const logStream = new PassThrough();
  let log = '';
  logStream.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  const notified: NotifyState[] = [];
  const ready = deferred<true>();
  let stop: () => void = () => undefined;
  let hangUp: () => void = () => undefined;
  let written: NodeOutcome = { ok: false, problems: [] };
  let fault: (thrown: unknown) => void = () => undefined;
  const secret = new Secret(new TextEncoder().encode(PLANTED));
  const secrets = {
    masterKey: secret,
    nodeKey: secret,
    clusterToken: secret,
    wireguardKey: secret,
    controlPassword: secret,
  };
  const ended = runDaemon({
    config,
    secrets,
    reload: () => Promise.resolve(written),
    surroundings: {
      ...systemSurroundings((state) => {
        notified.push(state);
        if (state.kind === 'ready') ready.resolve(true);
      }),
      threadPlan: smallActor,
      poolEntry: poolTasks,
      logStream,
      onStopRequest: (listener) => {
        stop = listener;
        return () => undefined;
      },
      onReloadRequest: (listener) => {
        hangUp = listener;
        return () => undefined;
      },
      onFault: (listener) => {
        fault = listener;
        return () => undefined;
      },
    },
  });
  const daemon = {
    ended: within(PATIENCE_MS, 'the daemon has ended', ended),
    stop: () => {
      stop();
    },
    /** What the files say by now, and the signal to read them. */
    reload: (outcome: Config | readonly ErrorData[]) => {
      written =
        'node' in outcome
          ? { ok: true, node: { config: outcome, secrets, warnings: [] } }
          : { ok: false, problems: outcome };
      hangUp();
    },
    config,
    told: () => notified.map(({ kind }) => kind).filter((kind) => kind !== 'status'),
    fail: (thrown: unknown) => {
      fault(thrown);
    },
    ready: within(PATIENCE_MS, 'the daemon is ready', ready.promise),
    socket: nodePaths(config).daemonSocket,
    notified,
    log: () => log,
  };
  daemon.ready.catch(() => undefined);
  daemons.push(daemon);
  return daemon;
};

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
  const config = smallConfig({ runDir: join(folder, 'run') });
  const ended = deferred<() => void>();
  const ready = deferred<true>();
  const code = runDaemon({
    config: { ...config, chaos: { enabled: false } },
    secrets: {
      masterKey: null,
      nodeKey: null,
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
    },
    surroundings: {
      ...systemSurroundings((state) => {
        if (state.kind === 'ready') ready.resolve(true);
      }),
      threadPlan: smallActor,
      poolEntry: poolTasks,
      logStream: new PassThrough().resume(),
      onStopRequest: (listener) => {
        ended.resolve(listener);
        return () => undefined;
      },
    },
  });
  await within(PATIENCE_MS, 'ready', ready.promise);
  const { daemonSocket } = nodePaths(config);
  const asked = askDaemon(daemonSocket, { command: 'chaos', actor: 'tor', mode: 'exit' });
  await expect(asked).rejects.toMatchObject({ code: 'chaos.disabled' });
  (await ended.promise)();
  expect(await code).toBe(0);
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
