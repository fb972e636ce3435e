import { rbError } from '../../kernel/errors.js';
import { controlConnection, type ControlConnection, type ControlConnectionOptions } from './connection.js';
import type { ControlConnector } from './connector.js';

export interface OpenOptions extends ControlConnectionOptions {
  readonly connector: ControlConnector;
  readonly connectDeadlineMs?: number;
}

/** A local socket connects at once or not at all; only a full backlog of a hung Tor takes longer. */
const DEFAULT_CONNECT_DEADLINE_MS = 5_000;

/** Connects, without authenticating. Rejects with control.unreachable and the system's reason. */
export const openControlConnection = async (options: OpenOptions): Promise<ControlConnection> => {
  const controller = new AbortController();
  const cancelDeadline = options.clock.after(options.connectDeadlineMs ?? DEFAULT_CONNECT_DEADLINE_MS, () => {
    controller.abort();
  });
  try {
    return controlConnection(await options.connector(controller.signal), options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw rbError('control.unreachable', options.where, { reason }, cause);
  } finally {
    cancelDeadline();
  }
};
