import { fstatSync } from 'node:fs';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { actorPlan, poolEntry } from './actor-birth.js';
import { chosenFormat } from './log-sink.js';
import type { LogFormat } from './log-format.js';
import { notifyNobody } from './notify.js';
import type { Notify } from './notify.js';
import type { ThreadPlan } from './thread-runner.js';

/** What the daemon touches of the process and the machine, in one place, so that a test can hand in its own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly notify: Notify;
  readonly threadPlan: (name: ActorName) => ThreadPlan;
  readonly poolEntry: () => URL;
  readonly logStream: NodeJS.WritableStream;
  readonly logFormat: (configured: 'text' | 'json') => LogFormat;
  /** Calls back for each request of the system or the terminal to stop; answers how to end that. */
  readonly onStopRequest: (listener: () => void) => () => void;
  /** Calls back for a fault in the main thread that nobody caught; answers how to end that. */
  readonly onFault: (listener: (fault: unknown) => void) => () => void;
}

/** SIGHUP is the terminal going away; a reload would come by the control socket. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const onStopRequest = (listener: () => void): (() => void) => {
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, listener);
  };
};

/** An unhandled rejection becomes an uncaught exception, as is Node's default when nobody listens to it. */
const onFault = (listener: (fault: unknown) => void): (() => void) => {
  process.on('uncaughtException', listener);
  return () => {
    process.off('uncaughtException', listener);
  };
};

export const systemSurroundings = (notify: Notify = notifyNobody): Surroundings => ({
  clock: systemClock,
  random: systemRandom,
  notify,
  threadPlan: actorPlan,
  poolEntry,
  logStream: process.stderr,
  logFormat: (configured) => chosenFormat(configured, process.env['JOURNAL_STREAM'], fstatSync(2)),
  onStopRequest,
  onFault,
});
