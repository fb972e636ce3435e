import { type Socket, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../kernel/clock.js';
import type { Target } from '../../kernel/config/target.js';
import type { StreamAddress } from '../../kernel/stream-address.js';
import { established, openSocket } from '../../kernel/open-socket.js';
import { openThroughTor } from './open-through-tor.js';
import { TargetFailure, connectFailure, tlsFailure } from './target-failure.js';

export interface ConnectorOptions {
  readonly target: Target;
  readonly clock: Clock;
  /** From the first packet to the end of the TLS handshake, SOCKS included. */
  readonly connectTimeoutMs: number;
  readonly isolation: string | null;
  /** PEM of the authorities that may vouch for the target; null: those that Node brings. */
  readonly tlsAuthorities: string | null;
}

/** Makes connections to the one target. */
export interface TargetConnector {
  /** Rejects with TargetFailure only; an abort rejects too. */
  connect(signal: AbortSignal): Promise<Socket>;
  setSocks(address: StreamAddress | null): void;
}

const openRoute = (
  options: ConnectorOptions,
  socks: StreamAddress | null,
  signal: AbortSignal,
): Promise<Socket> => {
  const { host, port, route } = options.target;
  if (route === 'direct') {
    return openSocket({ kind: 'tcp', host, port }, signal).catch((error: unknown) => {
      throw connectFailure(error);
    });
  }
  if (socks === null) return Promise.reject(new TargetFailure('tor', 'not up yet'));
  const timeoutMs = options.connectTimeoutMs + 1000;
  return openThroughTor({ socks, host, port, isolation: options.isolation, timeoutMs }, signal);
};

const secure = (socket: Socket, options: ConnectorOptions, signal: AbortSignal): Promise<Socket> => {
  const { host, mode, tls } = options.target;
  if (tls === null) return Promise.resolve(socket);
  const tlsSocket = connectTls({
    socket,
    host,
    // RFC 6066 §3: SNI carries names only.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: tls.verify,
    ...(mode === 'http' ? { ALPNProtocols: ['http/1.1'] } : {}),
    ...(options.tlsAuthorities === null ? {} : { ca: options.tlsAuthorities }),
  });
  return established(tlsSocket, 'secureConnect', signal).catch((error: unknown) => {
    socket.destroy();
    throw tlsFailure(error);
  });
};

export const targetConnector = (
  options: ConnectorOptions,
  initialSocks: StreamAddress | null,
): TargetConnector => {
  let socks = initialSocks;
  const connect = async (signal: AbortSignal): Promise<Socket> => {
    const attempt = new AbortController();
    const giveUp = (): void => {
      attempt.abort(new TargetFailure('unreachable', 'nobody waits any more'));
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    const cancelDeadline = options.clock.after(options.connectTimeoutMs, () => {
      attempt.abort(new TargetFailure('timeout', 'connecting'));
    });
    try {
      return await secure(await openRoute(options, socks, attempt.signal), options, attempt.signal);
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', giveUp);
    }
  };
  return {
    connect,
    setSocks: (address) => {
      socks = address;
    },
  };
};
