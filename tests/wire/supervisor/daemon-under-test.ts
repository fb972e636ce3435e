/** The whole daemon in this process, for tests that change what surrounds it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { NodeOutcome } from '@rustbalance/actors/kernel/config/load-node.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { runDaemon } from '@rustbalance/supervisor/daemon.js';
import { deferred } from '@rustbalance/supervisor/deferred.js';
import type { NotifyState } from '@rustbalance/supervisor/notify.js';
import { systemSurroundings } from '@rustbalance/supervisor/surroundings.js';
import type { Surroundings } from '@rustbalance/supervisor/surroundings.js';
import { afterEach, beforeEach } from 'vitest';
import { within } from '../../support/eventually.js';
import { PATIENCE_MS, poolTasks, smallActor, smallConfig } from './small-system.js';
import type { SmallConfig } from './small-system.js';

/** What each of the daemon's secrets holds. */
export const PLANTED = 'planted-secret-value';

export interface DaemonUnderTest extends SmallConfig {
  /** Changes what the small configuration says. */
  readonly configured?: (config: Config) => Config;
  readonly surroundings?: Partial<Surroundings>;
}

const secretsOf = (text: string) => {
  const secret = new Secret(new TextEncoder().encode(text));
  return {
    masterKey: secret,
    nodeKey: secret,
    clusterToken: secret,
    wireguardKey: secret,
    controlPassword: secret,
  };
};

/** Starts daemons, each in the folder of its test; they end with the test. */
export const daemonsUnderTest = () => {
  let folder: string;
  const daemons: { stop: () => void; ended: Promise<number> }[] = [];

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

  const start = ({ configured = (config) => config, surroundings, ...change }: DaemonUnderTest = {}) => {
    const config = configured(smallConfig({ runDir: join(folder, 'run'), ...change }));
    const logStream = new PassThrough();
    let log = '';
    logStream.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
    const notified: NotifyState[] = [];
    const ready = deferred<true>();
    let stop: () => void = () => undefined;
    let hangUp: () => void = () => undefined;
    let written: NodeOutcome = { ok: false, problems: [] };
    let fault: (thrown: unknown) => void = () => undefined;
    const secrets = secretsOf(PLANTED);
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
        ...surroundings,
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
      told: () => notified.map(({ kind }) => kind).filter((kind) => kind !== 'status' && kind !== 'watchdog'),
      /** How often the service manager's watchdog was fed. */
      fed: () => notified.filter(({ kind }) => kind === 'watchdog').length,
      fail: (thrown: unknown) => {
        fault(thrown);
      },
      ready: within(PATIENCE_MS, 'the daemon is ready', ready.promise),
      socket: nodePaths(config).daemonSocket,
      log: () => log,
    };
    daemon.ready.catch(() => undefined);
    daemons.push(daemon);
    return daemon;
  };

  return { start, folder: () => folder };
};
