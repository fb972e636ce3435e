import { spawn } from 'node:child_process';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import { assignments } from './notify.js';
import type { Notify, NotifyState } from './notify.js';

/** Sends assignments in one message; resolves with why that failed, or null. */
export type Tell = (assignments: readonly string[]) => Promise<ErrorData | null>;

/** What the service manager gave to this process. */
export interface ServiceManagerEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/** It waits until the manager has read the message, which takes 10 to 40 ms, but never longer than this. */
const TELL_MS = 5_000;

/** Waiting to be sent. Only a manager that does not read lets them queue up, and then old news are of no use. */
const MOST_WAITING = 8;

/**
 * Node has no datagram sockets of the unix family. systemd-notify is there wherever there is a NOTIFY_SOCKET; the unit
 * has NotifyAccess=all for it, and nothing else that we start ever sees the socket (kernel/environment.ts).
 */
export const systemdNotify =
  (socket: string, program = 'systemd-notify'): Tell =>
  (message) =>
    new Promise((resolve) => {
      const failed = (reason: string): void => {
        resolve(errorData('notify.failed', 'supervisor', { reason }));
      };
      const child = spawn(program, ['--', ...message], {
        env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', NOTIFY_SOCKET: socket },
        stdio: 'ignore',
        timeout: TELL_MS,
        killSignal: 'SIGKILL',
      });
      child.once('error', (error: NodeJS.ErrnoException) => {
        failed(error.code ?? error.message);
      });
      child.once('exit', (code, signal) => {
        if (code === 0) resolve(null);
        else failed(signal === null ? `systemd-notify ended with ${String(code)}` : 'it took too long');
      });
    });

/** The manager's patience with a main process that says nothing, ms; null when it watches nobody, or another process. */
export const watchdogMs = (env: ServiceManagerEnvironment, pid: number): number | null => {
  const { WATCHDOG_USEC: micros, WATCHDOG_PID: watched } = env;
  if (micros === undefined || !/^[1-9]\d{0,15}$/.test(micros)) return null;
  if (watched !== undefined && watched !== String(pid)) return null;
  return Number(micros) / 1000;
};

/** Tells one thing after the other, in order; what is said twice while it waits is sent once. */
export const orderly = (tell: Tell, log: Logger): Notify => {
  const waiting: NotifyState[] = [];
  let busy = false;
  let complained = false;
  const next = async (): Promise<void> => {
    busy = true;
    for (let state = waiting.shift(); state !== undefined; state = waiting.shift()) {
      const error = await tell(assignments(state));
      if (error === null) complained = false;
      else if (!complained) {
        complained = true;
        log.warn('the service manager was not told', { message: state.kind }, error);
      }
    }
    busy = false;
  };
  return (state) => {
    const isNews = state.kind === 'status' || state.kind === 'watchdog';
    if (isNews) {
      const same = waiting.findIndex(({ kind }) => kind === state.kind);
      if (same >= 0) waiting.splice(same, 1);
    }
    if (waiting.length >= MOST_WAITING) waiting.shift();
    waiting.push(state);
    if (!busy) void next();
  };
};
