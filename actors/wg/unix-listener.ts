import { chmod } from 'node:fs/promises';
import { removeStaleSocket } from '../kernel/stale-socket.js';
import { listenStreams } from './stream-listener.js';
import type { StreamListener, StreamListenerEvents } from './stream-listener.js';

export type UnixListener = StreamListener;
export type UnixListenerEvents = StreamListenerEvents;

/** Listens at a path; rejects with an Error that has a system `code`. */
export type ListenUnix = (path: string, events: UnixListenerEvents) => Promise<UnixListener>;

/** Streams that Tor opened while the loop was busy. */
const BACKLOG = 128;

/** A unix socket that is ours alone (0600). */
export const listenUnix: ListenUnix = async (path, events) => {
  if ((await removeStaleSocket(path)) !== 'free') {
    throw Object.assign(new Error('somebody else holds the socket'), { code: 'EADDRINUSE' });
  }
  const listener = await listenStreams({ path, backlog: BACKLOG }, events);
  await chmod(path, 0o600);
  return listener;
};
