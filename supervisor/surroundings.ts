import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { actorPlan, poolEntry } from './thread-plans.js';
import { chosenFormat } from './log-sink.js';
import type { LogFormat } from './log-format.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import { notifyNobody } from './notify.js';
import type { Notify } from './notify.js';
import { orderly, systemdNotify, watchdogMs } from './service-manager.js';
import type { ThreadPlan } from './thread-plans.js';

/** What the daemon touches of the process and the machine, in one place, so that a test can hand in its own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** How the service manager is told, if there is one; what cannot be told goes to this log. */
  readonly notifier: (log: Logger) => Notify;
  /** Its patience with a process that says nothing, ms; null when it does not watch. */
  readonly watchdogMs: number | null;
  /** CLOCK_MONOTONIC, which the service manager's own times are in. */
  readonly monotonicUs: () => bigint;
  readonly threadPlan: (name: ActorName) => ThreadPlan;
  readonly poolEntry: () => URL;
  readonly logStream: NodeJS.WritableStream;
  readonly logFormat: (configured: 'text' | 'json') => LogFormat;
  /** Calls back for each request of the system or the terminal to stop; answers how to end that. */
  readonly onStopRequest: (listener: () => void) => () => void;
  /** Calls back for each request to read the configuration again; answers how to end that. */
  readonly onReloadRequest: (listener: () => void) => () => void;
  /** Calls back for a fault in the main thread that nobody caught; answers how to end that. */
  readonly onFault: (listener: (fault: unknown) => void) => () => void;
}

/** At a terminal, SIGHUP says that it goes away; to a service it is the request to read the configuration again. */
const atTerminal = (): boolean => isatty(0);

const onSignals =
  (signals: () => readonly NodeJS.Signals[]) =>
  (listener: () => void): (() => void) => {
    const listened = signals();
    for (const signal of listened) process.on(signal, listener);
    return () => {
      for (const signal of listened) process.off(signal, listener);
    };
  };

const onStopRequest = onSignals(() => ['SIGTERM', 'SIGINT', ...(atTerminal() ? (['SIGHUP'] as const) : [])]);

const onReloadRequest = onSignals(() => (atTerminal() ? [] : ['SIGHUP']));

/** An unhandled rejection becomes an uncaught exception, as is Node's default when nobody listens to it. */
const onFault = (listener: (fault: unknown) => void): (() => void) => {
  process.on('uncaughtException', listener);
  return () => {
    process.off('uncaughtException', listener);
  };
};

/** The service manager that started this process, if it wants to be told. */
const environmentNotifier = (log: Logger): Notify => {
  const { NOTIFY_SOCKET: socket } = process.env;
  return socket === undefined || socket === '' ? notifyNobody : orderly(systemdNotify(socket), log);
};

/** @param notify instead of the service manager that the environment names */
export const systemSurroundings = (notify: Notify | null = null): Surroundings => ({
  clock: systemClock,
  random: systemRandom,
  notifier: notify === null ? environmentNotifier : () => notify,
  watchdogMs: notify === null ? watchdogMs(process.env, process.pid) : null,
  monotonicUs: () => process.hrtime.bigint() / 1000n,
  threadPlan: actorPlan,
  poolEntry,
  logStream: process.stderr,
  logFormat: (configured) => chosenFormat(configured, process.env['JOURNAL_STREAM'], fstatSync(2)),
  onStopRequest,
  onReloadRequest,
  onFault,
});
