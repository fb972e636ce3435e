import { chmod } from 'node:fs/promises';
import type { Server } from 'node:net';
import { rbError } from '../kernel/errors.js';
import { removeStaleSocket } from '../kernel/stale-socket.js';
import { type StreamAddress, socketOptions, streamAddressText } from '../kernel/stream-address.js';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

const takeSocketPath = async (path: string): Promise<void> => {
  const state = await removeStaleSocket(path);
  if (state === 'not-a-socket') throw rbError('proxy.listen-not-a-socket', 'proxy', { path });
  if (state === 'in-use') throw rbError('proxy.listen-in-use', 'proxy', { address: `unix:${path}` });
};

const bind = (server: Server, address: StreamAddress): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...socketOptions(address), backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Connections that the kernel holds for us while we are busy or being restarted; Linux caps it at somaxconn. */
const BACKLOG = 1024;

/**
 * Listens. A unix socket is ours alone (0600). Rejects with proxy.listen-*.
 *
 * @returns the address as it was bound: port 0 has become a real one
 */
export const listenAt = async (server: Server, address: StreamAddress): Promise<StreamAddress> => {
  if (address.kind === 'unix') await takeSocketPath(address.path);
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
