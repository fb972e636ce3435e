import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { NodeOutcome } from '@rustbalance/actors/kernel/config/load-node.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { toErrorData } from '@rustbalance/actors/kernel/errors.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogLevel, Logger } from '@rustbalance/actors/kernel/logging.js';
import type { ActorSecrets } from '@rustbalance/actors/kernel/secrets.js';
import { actorBirths } from './actor-birth.js';
import { CHILDREN_STOP_MS, actorSpecs } from './actor-specs.js';
import { ActorSystem } from './actor-system.js';
import { answerCommand, statusNow } from './commands.js';
import { serveControl } from './control-server.js';
import { cryptoPool } from './crypto-pool.js';
import { deferred } from './deferred.js';
import { EXIT_CODES } from './exit-codes.js';
import type { ExitCode } from './exit-codes.js';
import { logSink } from './log-sink.js';
import type { LogSink } from './log-sink.js';
import { ProcessHost } from './process-host.js';
import { configurationReload } from './reload.js';
import { repairHandlers } from './repairs.js';
import { Router } from './router.js';
import { ensureDirectory } from './run-directories.js';
import { startServicePulse } from './service-pulse.js';
import { SpareThreads } from './spare-threads.js';
import { specProblem } from './spec-validation.js';
import { statusLine } from './status-line.js';
import { systemSurroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';
import { threadStarter } from './thread-runner.js';
import { watchdogVerdict } from './watchdog-verdict.js';

export interface DaemonOptions {
  /** Loaded and checked. */
  readonly config: Config;
  readonly secrets: ActorSecrets;
  /** Loads and checks the same files again, for SIGHUP; without it nothing ever changes. */
  readonly reload?: () => Promise<NodeOutcome>;
  readonly surroundings?: Surroundings;
  /** Threads that load already. */
  readonly spareThreads?: SpareThreads | null;
}

/**
 * Runs the daemon until it is stopped or gives up.
 *
 * @returns how the process must end. The caller calls process.exit() with that code at once: after a forced stop,
 *   threads that could not be ended may live still. (process.exit() itself waits for a thread in a synchronous native
 *   call, measured on Node 20; the service manager's own stop timeout is what bounds that.)
 */
export const runDaemon = async (options: DaemonOptions): Promise<ExitCode> => {
  const { config, secrets, surroundings = systemSurroundings() } = options;
  const unchanged = { ok: true, node: { config, secrets, warnings: [] } } as const;
  const { reload = () => Promise.resolve(unchanged) } = options;
  const { clock, logStream } = surroundings;
  const { format } = config.log;
  let { level } = config.log;
  const sink = logSink({ level, format: surroundings.logFormat(format), stream: logStream, clock });
  const logger = (component: string): Logger =>
    makeLogger(
      component,
      () => clock.wallMs(),
      (record) => {
        sink.write(record);
      },
      () => level,
    );
  const setLevel = (next: LogLevel): void => {
    level = next;
    sink.setLevel(next);
  };
  const log = logger('supervisor');
  try {
    const { spareThreads = null } = options;
    const parts = { config, secrets, reload, surroundings, spareThreads };
    return await runLogged({ ...parts, sink, setLevel, logger, log });
  } catch (error) {
    const data = toErrorData(error, 'supervisor');
    log.error('cannot run', {}, data);
    return data.code.startsWith('config.') ? EXIT_CODES.config : EXIT_CODES.failure;
  } finally {
    await sink.close();
  }
};

interface Parts {
  readonly config: Config;
  readonly secrets: ActorSecrets;
  readonly reload: () => Promise<NodeOutcome>;
  readonly surroundings: Surroundings;
  readonly spareThreads: SpareThreads | null;
  readonly sink: LogSink;
  readonly setLevel: (level: LogLevel) => void;
  readonly logger: (component: string) => Logger;
  readonly log: Logger;
}

interface End {
  readonly code: ExitCode;
  readonly forced: boolean;
}

const runLogged = async (parts: Parts): Promise<ExitCode> => {
  const { config, secrets, surroundings, sink, logger, log } = parts;
  const { clock, random } = surroundings;
  const notify = surroundings.notifier(log);
  const startedAt = clock.monotonicMs();
  const paths = nodePaths(config);
  const spec = actorSpecs(config);
  const problem = specProblem(spec);
  if (problem !== null) {
    log.error('cannot run', {}, problem);
    return EXIT_CODES.config;
  }
  await ensureDirectory(config.node.run_dir);
  await ensureDirectory(config.node.state_dir);

  const router = new Router(clock, logger('router'));
  const host = new ProcessHost(clock, logger('host'), (children) => {
    router.publish('host.children', { children });
  });
  const ended = deferred<End>();
  const hurried = deferred<true>();
  const spareThreads = parts.spareThreads ?? new SpareThreads([], surroundings.threadPlan);
  const ready = deferred<true>();
  let current = config;
  let births = actorBirths(current, secrets);
  const system = new ActorSystem({
    spec,
    clock,
    random,
    log,
    router,
    startThread: threadStarter(surroundings.threadPlan, spareThreads),
    birth: (name) => births(name),
    write: (record) => {
      sink.write(record);
    },
    onReady: () => {
      const startedInMs = Math.round(clock.monotonicMs() - startedAt);
      log.info('ready', { started_in_ms: startedInMs });
      notify({ kind: 'ready' });
      ready.resolve(true);
    },
    onEnd: ended.resolve,
  });
  const stop = (): void => {
    if (system.state().phase.at === 'ended') {
      // The actors have ended, children and pool have not: whoever asks again does not want to wait for those either.
      host.killAll();
      hurried.resolve(true);
      return;
    }
    notify({ kind: 'stopping' });
    system.stop();
  };

  // The control socket comes first: a second daemon is refused before it touches anything.
  const control = await serveControl({
    path: paths.daemonSocket,
    clock,
    answer: (request) => answerCommand({ config: current, clock, router, system, host, startedAt }, request),
    answered: ({ command }) => {
      if (command === 'stop') stop();
    },
  });
  const ignoreStopRequests = surroundings.onStopRequest(stop);
  const reload = configurationReload({
    log,
    notify,
    monotonicUs: surroundings.monotonicUs,
    load: parts.reload,
    config: () => current,
    secrets,
    setConfig: (next) => {
      current = next;
      births = actorBirths(current, secrets);
    },
    setLevel: (level) => {
      parts.setLevel(level);
      system.setLogLevel(level);
    },
    restart: (names) => {
      // Clients wait for this one alone: its successor loads while it still serves.
      spareThreads.prepare(names.filter((name) => name === 'proxy'));
      system.replace(names);
    },
  });
  const ignoreReloadRequests = surroundings.onReloadRequest(() => {
    void ready.promise.then(reload);
  });
  const ignoreFaults = surroundings.onFault((fault) => {
    log.error('the main thread failed; the process ends', {}, toErrorData(fault, 'supervisor'));
    ended.resolve({ code: EXIT_CODES.failure, forced: true });
  });
  const pool = cryptoPool(surroundings.poolEntry(), clock, logger('pool'));
  router.provide<'host'>(host.handlers);
  router.provide<'pool'>(pool.handlers);
  router.provide<'supervisor'>(repairHandlers(system, router));
  system.boot();
  const pulse = startServicePulse({
    clock,
    log,
    notify,
    patienceMs: surroundings.watchdogMs,
    verdict: (before, nowMs) => watchdogVerdict(spec, system.state(), before, nowMs),
    status: () => statusLine(statusNow({ config: current, clock, router, system, startedAt })),
  });

  void ready.promise.then(pulse.show);

  const { code, forced } = await ended.promise;
  // It judges actors, of which there are none any more.
  pulse.stop();
  if (forced) {
    host.killAll();
    system.abandon();
  } else await Promise.race([Promise.all([host.stop(CHILDREN_STOP_MS), pool.close()]), hurried.promise]);
  await control.close();
  ignoreStopRequests();
  ignoreReloadRequests();
  ignoreFaults();
  log.info('stopped', { code, forced });
  return code;
};
