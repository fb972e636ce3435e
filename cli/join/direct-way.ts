import { connect } from 'node:net';
import { parseHostPort } from '@rustbalance/actors/kernel/stream-address.js';
import type { OpenStream } from './attempts.js';

const CONNECT_WITHIN_MS = 10_000;

/** By TCP to where the member's direct transport listens. */
export const openDirect: OpenStream = ({ direct }) =>
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
