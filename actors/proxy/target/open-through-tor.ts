import type { Socket } from 'node:net';
import { SocksClient } from 'socks';
import type { StreamAddress } from '../stream-address.js';
import { openSocket } from './open-socket.js';
import { TargetFailure, connectFailure, socksFailure } from './target-failure.js';

export interface ThroughTor {
  readonly socks: StreamAddress;
  readonly host: string;
  readonly port: number;
  /** Streams of one name share circuits, of two names never (IsolateSOCKSAuth); null: with whoever names none. */
  readonly isolation: string | null;
  /** The library's own deadline; ours (the signal) comes first. */
  readonly timeoutMs: number;
}

/** Opens a stream to an onion service; Tor resolves the name. Rejects with TargetFailure, or the signal's reason. */
export const openThroughTor = async (way: ThroughTor, signal: AbortSignal): Promise<Socket> => {
  const socket = await openSocket(way.socks, signal).catch((error: unknown) => {
    if (error instanceof TargetFailure) throw error;
    throw new TargetFailure('tor', `SOCKS port: ${connectFailure(error).reason}`);
  });
  const abort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  // The socket may be half-open, so that an end in the middle of the handshake would otherwise be waited out.
  socket.once('end', abort);
  try {
    await SocksClient.createConnection({
      command: 'connect',
      // The library wants an address even where it is given the connection itself.
      proxy: {
        host: 'localhost',
        port: 9050,
        type: 5,
        ...(way.isolation === null ? {} : { userId: way.isolation, password: way.isolation }),
      },
      destination: { host: way.host, port: way.port },
      existing_socket: socket,
      timeout: way.timeoutMs,
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? (signal.reason as Error) : socksFailure(error);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.off('end', abort);
  }
};
