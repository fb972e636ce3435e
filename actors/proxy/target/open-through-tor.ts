import type { Socket } from 'node:net';
import { openSocket } from '../../kernel/open-socket.js';
import { MalformedReplyError, askSocks, type SocksWay } from '../../kernel/socks-stream.js';
import { TargetFailure, connectFailure, socksFailure } from './target-failure.js';

export type ThroughTor = SocksWay;

/** Opens a stream to an onion service; Tor resolves the name. Rejects with TargetFailure, or the signal's reason. */
export const openThroughTor = async (way: ThroughTor, signal: AbortSignal): Promise<Socket> => {
  const socket = await openSocket(way.socks, signal).catch((error: unknown) => {
    if (error instanceof TargetFailure) throw error;
    throw new TargetFailure('tor', `SOCKS port: ${connectFailure(error).reason}`);
  });
  try {
    return await askSocks(socket, way, signal);
  } catch (error) {
    if (error instanceof MalformedReplyError) throw new TargetFailure('tor', error.message);
    throw signal.aborted ? error : socksFailure(error);
  }
};
