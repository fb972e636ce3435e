import { chmod, lstat, unlink } from 'node:fs/promises';
import { type Server, type Socket, connect } from 'node:net';
import { rbError } from '../kernel/errors.js';
import { type StreamAddress, streamAddressText } from './stream-address.js';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

/** Whether nobody listens at a unix socket any more; a full backlog (EAGAIN) is somebody. */
const isStale = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket: Socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => {
      resolve(codeOf(error) === 'ECONNREFUSED');
    });
  });

/**
 * A killed process or thread leaves its socket file behind, on which nobody can listen again (EADDRINUSE): it is
 * removed, unless it is no socket or somebody still answers there.
 */
const removeStaleSocket = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) throw rbError('proxy.listen-not-a-socket', 'proxy', { path });
  if (!(await isStale(path))) throw rbError('proxy.listen-in-use', 'proxy', { address: `unix:${path}` });
  await unlink(path).catch(() => undefined);
};

const bind = (server: Server, address: StreamAddress): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      address.kind === 'unix'
        ? { path: address.path, backlog: BACKLOG }
        : { host: address.host, port: address.port, backlog: BACKLOG },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });

/** Connections that the kernel holds for us while we are busy or being restarted; Linux caps it at somaxconn. */
const BACKLOG = 1024;

/**
 * Listens. A unix socket is ours alone (0600). Rejects with proxy.listen-*.
 *
 * @returns the address as it was bound: port 0 has become a real one
 */
export const listenAt = async (server: Server, address: StreamAddress): Promise<StreamAddress> => {
  if (address.kind === 'unix') await removeStaleSocket(address.path);
  try {
    await bind(server, address);
    if (address.kind === 'unix') await chmod(address.path, 0o600);
  } catch (error) {
    server.close();
    const detail = { address: streamAddressText(address), reason: codeOf(error) };
    throw rbError('proxy.listen-failed', 'proxy', detail, error);
  }
  const bound = server.address();
  return address.kind === 'unix' || bound === null || typeof bound === 'string'
    ? address
    : { kind: 'tcp', host: address.host, port: bound.port };
};
