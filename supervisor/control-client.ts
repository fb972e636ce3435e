import { connect } from 'node:net';
import { RbError, rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorDetail } from '@rustbalance/actors/kernel/errors.js';
import { LONGEST_ANSWER, answerSchemas, responseSchema } from './control-protocol.js';
import type { CommandName, ControlAnswer, ControlRequest } from './control-protocol.js';

const DEADLINE_MS = 5_000;

type RequestOf<C extends CommandName> = Extract<ControlRequest, { readonly command: C }>;

/**
 * Asks the running daemon.
 *
 * @param socket path of its control socket: nodePaths(config).daemonSocket
 * @throws RbError what the daemon refused with, or `daemon.not-running`, `daemon.permission`, `daemon.deadline`,
 *   `daemon.protocol`
 */
export const askDaemon = async <C extends CommandName>(
  socket: string,
  request: RequestOf<C> & { readonly command: C },
  deadlineMs: number = DEADLINE_MS,
): Promise<ControlAnswer<C>> => {
  const line = await exchange(socket, request, deadlineMs);
  const response = responseSchema.safeParse(jsonOf(line));
  if (!response.success) throw protocolError(socket, 'no answer of ours');
  if (!response.data.ok) throw new RbError(response.data.error);
  const answer = answerSchemas[request.command].safeParse(response.data.answer);
  if (!answer.success) {
    const at = answer.error.issues[0]?.path.map(String).join('.') ?? '';
    throw protocolError(socket, `unexpected ${at}`);
  }
  return answer.data as ControlAnswer<C>;
};

const protocolError = (socket: string, problem: string): RbError =>
  rbError('daemon.protocol', socket, { socket, problem });

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/** Sends one line and reads one line. */
const exchange = (path: string, request: ControlRequest, deadlineMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (code: Parameters<typeof rbError>[0], detail: ErrorDetail): void => {
      finish(() => {
        reject(rbError(code, path, { socket: path, ...detail }));
      });
    };
    const timer = setTimeout(() => {
      fail('daemon.deadline', { command: request.command, deadlineMs });
    }, deadlineMs);
    socket.once('connect', () => {
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST_ANSWER) fail('daemon.protocol', { problem: 'the answer is too long' });
      else if (chunk.at(-1) === 0x0a) {
        finish(() => {
          resolve(Buffer.concat(chunks).toString('utf8'));
        });
      }
    });
    socket.once('close', () => {
      fail('daemon.protocol', { problem: 'it closed the connection before it answered' });
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'EPERM') fail('daemon.permission', {});
      else if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') fail('daemon.not-running', {});
      else fail('daemon.protocol', { problem: error.code ?? error.message });
    });
  });
