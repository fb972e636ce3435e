import { connect } from 'node:net';
import { parseStreamAddress, socketOptions } from '../../kernel/stream-address.js';
import { systemReason } from '../../kernel/system-reason.js';

/** A listening socket takes a connection at once, however busy its owner is: the kernel does. */
const CONNECT_MS = 5000;

/**
 * Why nobody can connect to where the proxy says that it listens; null: somebody can, or it does not say so. A socket file
 * that was deleted takes all clients with it, and its owner hears nothing of that.
 */
export const examineProxy = (listen: string | null): Promise<string | null> => {
  const address = listen === null ? null : parseStreamAddress(listen);
  if (address === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const socket = connect(socketOptions(address));
    const end = (fault: string | null): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.setTimeout(CONNECT_MS, () => {
      end('timeout');
    });
    socket.once('connect', () => {
      end(null);
    });
    socket.on('error', (error) => {
      end(systemReason(error));
    });
  });
};
