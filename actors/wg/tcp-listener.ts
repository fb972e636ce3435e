import { parseHostPort } from '../kernel/stream-address.js';
import { listenStreams } from './stream-listener.js';
import type { ListenUnix } from './unix-listener.js';

/** Connections that arrived while the loop was busy. */
const BACKLOG = 64;

/** Listens at `IP:port` by TCP, like listenUnix at a path. */
export const listenTcp: ListenUnix = async (at, events) => {
  const where = parseHostPort(at);
  if (where === null) throw Object.assign(new Error('not of the form IP:port'), { code: 'EINVAL' });
  return listenStreams({ host: where.host, port: where.port, backlog: BACKLOG }, events);
};
