import { createServer, type ListenOptions, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface StreamListener {
  /** Takes no more streams and ends those that it gave. */
  close(): void;
}

export interface StreamListenerEvents {
  /** A stream; its errors need no listener. */
  stream(socket: Duplex): void;
  /** The listener is of no use any more. */
  failed(code: string): void;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';

/** Takes streams at a path, or at a host and port; rejects with an Error that has a system `code`. */
export const listenStreams = async (
  at: ListenOptions,
  events: StreamListenerEvents,
): Promise<StreamListener> => {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    // An error is always followed by close.
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    events.stream(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.off('error', reject);
      resolve();
    });
  });
  let closed = false;
  server.on('error', (error) => {
    if (!closed) events.failed(codeOf(error));
  });
  return {
    close: () => {
      closed = true;
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
};
