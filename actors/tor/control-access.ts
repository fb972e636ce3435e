import { pause, type Clock } from '../kernel/clock.js';
import { RbError, rbError } from '../kernel/errors.js';
import type { Random } from '../kernel/random.js';
import type { Secret } from '../kernel/redact.js';
import { streamAddressText, type StreamAddress } from '../kernel/stream-address.js';
import { authenticate } from './control/authenticate.js';
import type { ControlConnection } from './control/connection.js';
import { socketConnector } from './control/connector.js';
import { systemCookieFiles } from './control/cookie-file.js';
import { openControlConnection } from './control/open-connection.js';

export interface ControlAccess {
  readonly endpoint: StreamAddress;
  readonly clock: Clock;
  readonly random: Random;
  readonly password: Secret | null;
}

const CONNECT_EVERY_MS = 50;

/**
 * Connects, again and again until `deadlineMs` while `isWorthWaiting`: a Tor that was just started has no socket yet.
 * Rejects with the last failure.
 */
export const reachControlPort = async (
  access: ControlAccess,
  deadlineMs: number,
  isWorthWaiting: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<ControlConnection> => {
  const { endpoint, clock } = access;
  const where = streamAddressText(endpoint);
  for (;;) {
    const connectDeadlineMs = Math.max(100, deadlineMs - clock.monotonicMs());
    try {
      return await openControlConnection({
        where,
        clock,
        connector: socketConnector(endpoint),
        connectDeadlineMs,
      });
    } catch (error) {
      const isLate = clock.monotonicMs() + CONNECT_EVERY_MS > deadlineMs;
      if (isLate || signal.aborted || !(await isWorthWaiting())) throw error;
      await pause(clock, CONNECT_EVERY_MS);
    }
  }
};

/** Runs `work` on a connection; closes it with control.deadline when it is not done by `deadlineMs`. */
export const byDeadline = async <T>(
  connection: ControlConnection,
  clock: Clock,
  deadlineMs: number,
  work: () => Promise<T>,
): Promise<T> => {
  const allowedMs = Math.max(0, deadlineMs - clock.monotonicMs());
  let isLate = false;
  const cancel = clock.after(allowedMs, () => {
    isLate = true;
    connection.close('it did not answer in time');
  });
  try {
    return await work();
  } catch (error) {
    if (!isLate || !(error instanceof RbError)) throw error;
    const detail = { command: 'AUTHENTICATE', deadlineMs: Math.round(allowedMs) };
    throw rbError('control.deadline', connection.where, detail, error);
  } finally {
    cancel();
  }
};

export const authenticateWith = (access: ControlAccess, connection: ControlConnection): Promise<unknown> =>
  authenticate(connection, {
    cookieFiles: systemCookieFiles,
    random: access.random,
    password: access.password,
  });
