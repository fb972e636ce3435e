import { once } from 'node:events';
import { type Server, createServer } from 'node:net';

const listen = async (): Promise<Server> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
};

/** Three ports of 127.0.0.1 that nobody uses now, all different. */
export const reserveFreePorts = async (): Promise<[number, number, number]> => {
  const servers: [Server, Server, Server] = [await listen(), await listen(), await listen()];
  const [a, b, c] = servers;
  const ports: [number, number, number] = [portOf(a), portOf(b), portOf(c)];
  await Promise.all(
    servers.map((server) => {
      const closed = once(server, 'close');
      server.close();
      return closed;
    }),
  );
  return ports;
};
