import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Below Linux's ephemeral range (32768 and up), so that no outgoing connection of anybody takes a port in the
// moment between our look and Tor's bind, or while a relay is down between kill and restart.
const LOWEST = 10_000;
const HIGHEST = 32_000;
const TRIES_PER_PORT = 50;

const tryListen = async (port: number): Promise<Server | undefined> => {
  const server = createServer();
  server.listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
};

const close = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  await closed;
};

/** Finds `count` different TCP ports of 127.0.0.1 that are free now. Chosen at random: several networks may start at once. */
export const freePorts = async (count: number): Promise<number[]> => {
  const held = new Map<number, Server>();
  try {
    for (let tries = 0; held.size < count; tries += 1) {
      if (tries > count * TRIES_PER_PORT) throw new Error(`no ${String(count)} free TCP ports on 127.0.0.1`);
      const port = randomInt(LOWEST, HIGHEST);
      const server = held.has(port) ? undefined : await tryListen(port);
      if (server !== undefined) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map(close));
  }
};
