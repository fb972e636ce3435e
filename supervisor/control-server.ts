import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { errorData, rbError, toErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { LONGEST_REQUEST, requestSchema } from './control-protocol.js';
import type { ControlRequest, ControlResponse } from './control-protocol.js';
import { clearStaleSocket } from './control-socket-file.js';

/** A client that has not sent its request by then is cut off. */
const REQUEST_MS = 5_000;

/**
 * So long a client may take to read its answer and to close: as long as ours waits for one (control-client.ts). One that
 * stays would keep its place, and thirty-two of them would lock everybody out.
 */
const LEAVE_MS = 5_000;

/** Connections at a time: people and scripts of one machine. */
const MOST_CONNECTIONS = 32;

export interface ControlServer {
  /** Closes the socket, removes its file and cuts off who is still connected. */
  close(): Promise<void>;
}

export interface ControlServerOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Answers a valid request; what it rejects with becomes the answer's error. */
  readonly answer: (request: ControlRequest) => Promise<unknown>;
  /** Called once an answer has left: for what would cut it off. */
  readonly answered?: (request: ControlRequest) => void;
}

/**
 * Serves the control socket, mode 0600: whoever may open it may command the daemon.
 *
 * @throws RbError `control-socket.*`
 */
export const serveControl = async (options: ControlServerOptions): Promise<ControlServer> => {
  const { path } = options;
  await clearStaleSocket(path);
  const connections = new Set<Socket>();
  // A client may close its side once it has asked (socat and nc do): its answer still goes out.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('close', () => connections.delete(socket));
    connections.add(socket);
    if (connections.size <= MOST_CONNECTIONS) converse(socket, options);
    else turnAway(socket, options.clock);
  });
  await listen(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of connections) socket.destroy();
      }),
  };
};

/** The mode is right from the first moment: bind() happens inside listen(), under our umask. */
const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(
        rbError('control-socket.cannot-listen', path, { socket: path, reason: error.code ?? error.message }),
      );
    };
    server.once('error', failed);
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', failed);
        server.on('error', () => undefined);
        chmodSync(path, 0o600);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });

const refusal = (
  code: 'control-socket.busy' | 'control-socket.bad-request',
  detail: Readonly<Record<string, string | number>>,
): ControlResponse => ({ ok: false, error: errorData(code, 'control socket', detail) });

const respond = (socket: Socket, clock: Clock, response: ControlResponse, sent?: () => void): void => {
  if (!socket.destroyed) {
    const cancel = clock.after(LEAVE_MS, () => socket.destroy());
    socket.once('close', cancel);
  }
  socket.end(`${JSON.stringify(response)}\n`, sent);
};

/** What it still sends is thrown away: a socket that is not read never closes. */
const turnAway = (socket: Socket, clock: Clock): void => {
  socket.resume();
  respond(socket, clock, refusal('control-socket.busy', { limit: MOST_CONNECTIONS }));
};

/** One line in, one line out. */
const converse = (socket: Socket, options: ControlServerOptions): void => {
  const chunks: Buffer[] = [];
  let size = 0;
  let complete = false;
  const refuse = (problem: string): void => {
    complete = true;
    cancelDeadline();
    respond(socket, options.clock, refusal('control-socket.bad-request', { problem }));
  };
  const cancelDeadline = options.clock.after(REQUEST_MS, () => {
    refuse('it was not complete in time');
  });
  socket.once('close', cancelDeadline);
  socket.once('end', () => {
    if (complete) return;
    complete = true;
    cancelDeadline();
    socket.end();
  });
  socket.on('data', (chunk: Buffer) => {
    if (complete) return;
    const end = chunk.indexOf(0x0a);
    const piece = end === -1 ? chunk : chunk.subarray(0, end);
    chunks.push(piece);
    size += piece.length;
    if (size > LONGEST_REQUEST) {
      refuse(`it is longer than ${String(LONGEST_REQUEST)} bytes`);
      return;
    }
    if (end === -1) return;
    complete = true;
    cancelDeadline();
    void serve(socket, Buffer.concat(chunks).toString('utf8'), options);
  });
};

const serve = async (socket: Socket, line: string, options: ControlServerOptions): Promise<void> => {
  const request = parsed(line);
  if (typeof request === 'string') {
    respond(socket, options.clock, refusal('control-socket.bad-request', { problem: request }));
    return;
  }
  const response = await answerTo(request, options);
  respond(socket, options.clock, response, () => {
    if (response.ok) options.answered?.(request);
  });
};

const answerTo = async (request: ControlRequest, options: ControlServerOptions): Promise<ControlResponse> => {
  try {
    return { ok: true, answer: await options.answer(request) };
  } catch (error) {
    const data: ErrorData = toErrorData(error, 'control socket');
    return { ok: false, error: data };
  }
};

/** The request, or what is wrong with it. */
const parsed = (line: string): ControlRequest | string => {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  const result = requestSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return issue === undefined
    ? 'it is invalid'
    : `${issue.path.map(String).join('.') || 'it'}: ${issue.message}`;
};
