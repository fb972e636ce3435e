import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/** Whether nobody listens at a unix socket any more; a full backlog (EAGAIN) is somebody. */
const isStale = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => {
      resolve('code' in error && error.code === 'ECONNREFUSED');
    });
  });

/**
 * A killed process or thread leaves its socket file behind, on which nobody can listen again (EADDRINUSE): it is
 * removed, unless it is no socket or somebody still answers there.
 */
export const removeStaleSocket = async (path: string): Promise<'free' | 'not-a-socket' | 'in-use'> => {
  const found = await lstat(path).catch(() => null);
  if (found === null) return 'free';
  if (!found.isSocket()) return 'not-a-socket';
  if (!(await isStale(path))) return 'in-use';
  await unlink(path).catch(() => undefined);
  return 'free';
};
