import { connect } from 'node:net';

/** Whether somebody listens at a unix socket and takes a connection, which is ended at once. Never rejects. */
export const acceptsConnections = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
