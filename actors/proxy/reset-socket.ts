import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Ends a connection so that the other side sees it broken, not ended: a reset over TCP. A unix socket and TLS
 * have none; there it is closed with whatever was not sent yet.
 */
export const resetSocket = (socket: Socket): void => {
  if (socket.destroyed) return;
  if (socket.remoteFamily === undefined || socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
};
