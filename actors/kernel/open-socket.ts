import { type Socket, connect } from 'node:net';
import { socketOptions, type StreamAddress } from './stream-address.js';

/**
 * Every socket keeps this listener for life: an error is always followed by `close`, which is where
 * owners act, and one without any listener would end the thread.
 */
const errorsEndInClose = (): void => undefined;

/** Settles when `socket` emits `event`; its error and an abort (with the signal's reason) reject, and destroy it. */
export const established = (
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
    };
    socket.on('error', errorsEndInClose);
    socket.once('error', (error) => {
      settle();
      reject(error);
    });
    socket.once('close', () => {
      settle();
      reject(new Error('closed while it was being made'));
    });
    socket.once(event, () => {
      settle();
      resolve(socket);
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });

/** Opens a stream socket. Rejects with the system's error, or the signal's reason. */
export const openSocket = (address: StreamAddress, signal: AbortSignal): Promise<Socket> => {
  const socket = connect({ ...socketOptions(address), allowHalfOpen: true, noDelay: true });
  return established(socket, 'connect', signal);
};
