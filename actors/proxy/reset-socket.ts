import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Whether a reset can be sent. A unix socket and TLS have none; and while the end of a connection is under way libuv
 * refuses it (EINVAL), after which Node 20 neither closes the handle nor ever emits `close`.
 */
const canReset = (socket: Socket): boolean =>
  socket.remoteFamily !== undefined &&
  !(socket instanceof TLSSocket) &&
  (!socket.writableEnded || socket.writableFinished);

/** Closes a connection so that the other side sees it broken, not ended, wherever that can be: a reset over TCP. */
export const resetSocket = (socket: Socket): void => {
  if (socket.destroyed) return;
  if (canReset(socket)) socket.resetAndDestroy();
  else socket.destroy();
};
