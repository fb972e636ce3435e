import { createServer } from 'node:net';
import { once } from 'node:events';
import { listening } from './scripted-target.js';

/** A port of 127.0.0.1 at which nobody listens. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
};
