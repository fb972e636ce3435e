import { connect } from 'node:net';
import { parseStreamAddress, socketOptions } from '../../kernel/stream-address.js';
import { systemReason } from '../../kernel/system-reason.js';
import type { Examination } from './examiner.js';

/** A listening socket takes a connection at once while its backlog has room: the kernel does. */
const CONNECT_MS = 5000;

/** Clients are lost for as long as nobody notices. */
const LOOK_EVERY_MS = 8000;
/** With the look that failed, and the grace of the repair, 15 s at most until the proxy is restarted. */
const LOOK_AGAIN_MS = 2000;

/**
 * Somebody listens whose backlog is full (connect(2) of a unix socket), as under load: a restart would drop all clients, at a
 * time that whoever fills it chooses. Or this process has no descriptor left to look with.
 */
const SAYS_NOTHING = new Set(['EAGAIN', 'EMFILE', 'ENFILE']);

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
      const reason = systemReason(error);
      end(SAYS_NOTHING.has(reason) ? null : reason);
    });
  });
};

/** A fault is what two looks in a row find: one may have met the proxy between two sockets. */
export const proxyExamination = (): Examination => {
  let failed = 0;
  return {
    everyMs: LOOK_EVERY_MS,
    look: async ({ proxyListen }) => {
      const fault = await examineProxy(proxyListen);
      failed = fault === null ? 0 : failed + 1;
      return { proxyFault: failed < 2 ? null : fault };
    },
    soonerMs: () => (failed === 1 ? LOOK_AGAIN_MS : null),
  };
};
