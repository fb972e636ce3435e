import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { rbError } from '@rustbalance/actors/kernel/errors.js';

/** A unix socket of this machine answers in far less; one that does not is a process that hangs, and not ours to oust. */
const PROBE_MS = 1_000;

/**
 * Makes way for our control socket: after SIGKILL its file stays behind and would block us for ever, but a file on
 * which somebody answers belongs to another daemon.
 *
 * @throws RbError `control-socket.in-use`, `control-socket.not-a-socket`, `control-socket.cannot-listen`
 */
export const clearStaleSocket = async (path: string): Promise<void> => {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) throw rbError('control-socket.not-a-socket', path, { socket: path });
    if (await somebodyAnswers(path)) throw rbError('control-socket.in-use', path, { socket: path });
    await unlink(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ENOENT') return;
    if (typeof error.code === 'string' && error.code.startsWith('control-socket.')) throw error;
    throw rbError('control-socket.cannot-listen', path, { socket: path, reason: String(error.code) });
  }
};

const somebodyAnswers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answers: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answers);
    };
    const timer = setTimeout(() => {
      settle(true);
    }, PROBE_MS);
    socket.once('connect', () => {
      settle(true);
    });
    // Refused is what a dead daemon's socket says; whatever else goes wrong is not a sign that it is dead.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
