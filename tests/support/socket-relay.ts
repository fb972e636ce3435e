import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A unix socket that leads to another one, and whose connections can be cut without harm to either end's process. */
export interface SocketRelay {
  /** Ends every connection; new ones are taken. How many there were. */
  cut(): number;
  close(): Promise<void>;
}

export const startSocketRelay = async (path: string, to: string): Promise<SocketRelay> => {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(path);
  await once(server, 'listening');
  const cut = (): number => {
    const count = open.size / 2;
    for (const socket of open) socket.destroy();
    return count;
  };
  return {
    cut,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
};
