import type { Socket } from 'node:net';
import { openSocket } from './open-socket.js';
import { isWholeGrant } from './socks-reply.js';
import type { StreamAddress } from './stream-address.js';

export interface SocksWay {
  readonly socks: StreamAddress;
  readonly host: string;
  readonly port: number;
  /** Streams of one name share circuits, of two names never (IsolateSOCKSAuth); null: with whoever names none. */
  readonly isolation: string | null;
  /** The library's own deadline; the signal should come first. */
  readonly timeoutMs: number;
}

/** The SOCKS port granted the stream in words that do not say where it begins. */
export class MalformedReplyError extends Error {
  constructor() {
    super('malformed reply');
    this.name = 'MalformedReplyError';
  }
}

/** Asks for a stream over a connection to the SOCKS port; destroys it when that fails. */
export const askSocks = async (
  socket: Socket,
  way: Omit<SocksWay, 'socks'>,
  signal: AbortSignal,
): Promise<Socket> => {
  const abort = (): void => {
    socket.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  // The socket may be half-open, so that an end in the middle of the handshake would otherwise be waited out.
  socket.once('end', abort);
  try {
    // With the first stream: the proxy's thread must not load it before it listens.
    const { SocksClient } = await import('socks');
    if (socket.destroyed) throw new Error('Socket closed');
    const granted = await SocksClient.createConnection({
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
    if (!isWholeGrant(granted)) throw new MalformedReplyError();
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? (signal.reason as Error) : error;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.off('end', abort);
  }
};

/** A stream through Tor's SOCKS port. Rejects with the system's or the library's error, or the signal's reason. */
export const openSocksStream = async (way: SocksWay, signal: AbortSignal): Promise<Socket> =>
  askSocks(await openSocket(way.socks, signal), way, signal);
