import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { RbError, type ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { streamAddressText, type StreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { authenticate, type AuthenticateOptions } from '@rustbalance/actors/tor/control/authenticate.js';
import { torCommands, type TorCommands } from '@rustbalance/actors/tor/control/commands.js';
import type { ControlConnection } from '@rustbalance/actors/tor/control/connection.js';
import { socketConnector } from '@rustbalance/actors/tor/control/connector.js';
import { systemCookieFiles } from '@rustbalance/actors/tor/control/cookie-file.js';
import { parseEvent, type TorEvent } from '@rustbalance/actors/tor/control/events.js';
import { openControlConnection, type OpenOptions } from '@rustbalance/actors/tor/control/open-connection.js';
import {
  startFakeControlPort,
  type FakeControlOptions,
  type FakeControlPort,
} from '../../support/fake-control-port.js';

export const secret = (text: string): Secret => new Secret(Buffer.from(text));

export const dial = (
  endpoint: StreamAddress,
  options: Partial<OpenOptions> = {},
): Promise<ControlConnection> =>
  openControlConnection({
    where: streamAddressText(endpoint),
    clock: systemClock,
    connector: socketConnector(endpoint),
    ...options,
  });

export const login = (
  connection: ControlConnection,
  options: Partial<AuthenticateOptions> = {},
): ReturnType<typeof authenticate> =>
  authenticate(connection, {
    cookieFiles: systemCookieFiles,
    random: systemRandom,
    password: null,
    ...options,
  });

/** The error data that a promise is rejected with; fails when it is fulfilled or rejected with anything else. */
export const errorOf = async (promise: Promise<unknown>): Promise<ErrorData> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RbError) return error.data;
    throw error;
  }
  throw new Error('it was expected to fail');
};

/** A fake port, an authenticated connection to it, and what must be undone. */
export interface Session {
  readonly port: FakeControlPort;
  readonly connection: ControlConnection;
  readonly commands: TorCommands;
  readonly events: TorEvent[];
  close(): Promise<void>;
}

export const startSession = async (
  fake: FakeControlOptions = {},
  options: Partial<OpenOptions> = {},
): Promise<Session> => {
  const port = await startFakeControlPort(fake);
  const connection = await dial(port.endpoint, options);
  const events: TorEvent[] = [];
  connection.onEvent((message) => events.push(parseEvent(message)));
  await login(connection);
  const close = async (): Promise<void> => {
    connection.close('the test is over');
    await port.close();
  };
  return { port, connection, commands: torCommands(connection), events, close };
};

/** A directory of its own, short enough for a unix socket's path. */
export const withDirectory = async (use: (directory: string) => Promise<void>): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'rb-ctl-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
};
