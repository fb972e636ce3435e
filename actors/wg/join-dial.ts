import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { parseHostPort } from '../kernel/stream-address.js';

const CONNECT_WITHIN_MS = 10_000;

/** Calls a member where its direct transport listens, by TCP. @param direct `IP:port` */
export const dialDirect = (direct: string | null): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const at = direct === null ? null : parseHostPort(direct);
    if (at === null) {
      reject(new Error('the token names no address'));
      return;
    }
    const socket = connect({ host: at.host, port: at.port });
    const timer = setTimeout(() => {
      socket.destroy(new Error('no connection in time'));
    }, CONNECT_WITHIN_MS);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
