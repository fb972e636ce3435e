import { createServer, type Server, type Socket } from 'node:net';
import type { StreamAddress } from '../kernel/stream-address.js';
import type { TorName } from '../tor/messages.js';
import { listenAt } from './listener.js';

/** Where the node's Tors lead clients: one place for each, since each Tor numbers its circuits by itself. */
export interface TorListeners {
  /** Of the first Tor, as it was bound. */
  readonly address: StreamAddress;
  /** Takes nobody any more; resolves when the last connection has ended. */
  close(): Promise<void>;
  /** Rejects with RbError proxy.listen-*. */
  listenAgain(): Promise<void>;
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });

/** Listens for each Tor. Rejects with RbError proxy.listen-*. */
export const listenForTors = async (
  {
    listen,
    standbyListen,
  }: { readonly listen: StreamAddress; readonly standbyListen?: StreamAddress | null },
  accept: (client: Socket, ofTor: TorName) => void,
): Promise<TorListeners> => {
  const serverOf = (tor: TorName): Server =>
    createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      accept(client, tor);
    });
  const first = serverOf('first');
  const address = await listenAt(first, listen);
  const bound = [{ server: first, address }];
  if (standbyListen) {
    const standby = serverOf('standby');
    try {
      bound.push({ server: standby, address: await listenAt(standby, standbyListen) });
    } catch (error) {
      first.close();
      throw error;
    }
  }
  return {
    address,
    close: async () => {
      await Promise.all(bound.map(({ server }) => closed(server)));
    },
    listenAgain: async () => {
      for (const { server, address: at } of bound) if (!server.listening) await listenAt(server, at);
    },
  };
};
