import { type Socket, createServer } from 'node:net';
import type { CancelTimer, Clock } from '../kernel/clock.js';
import type { Target } from '../kernel/config/target.js';
import { type StreamAddress, streamAddressText } from '../kernel/stream-address.js';
import { HttpSession } from './http/http-session.js';
import type { Origin } from './http/origin.js';
import type { JoinGate } from './join-gate.js';
import { TargetPool } from './http/target-pool.js';
import { type ProxyLimits, sweepIntervalMs } from './limits.js';
import { listenAt } from './listener.js';
import { RawSession } from './raw/raw-session.js';
import type { Session, SessionServices } from './session.js';
import { targetConnector } from './target/target-connector.js';
import { targetOrigin } from './target/target-origin.js';
import { Traffic } from './traffic.js';

export interface ProxyOptions {
  readonly listen: StreamAddress;
  readonly target: Target;
  /** The origin by which clients know the service. */
  readonly master: Origin;
  readonly limits: ProxyLimits;
  readonly clock: Clock;
  /** Tor's SOCKS port, as far as it is known. */
  readonly socks: StreamAddress | null;
  /** Takes joins out of the requests; null or absent: none are. */
  readonly joins?: JoinGate | null;
  /** SOCKS user name of our streams (IsolateSOCKSAuth); null: none. */
  readonly isolation?: string | null;
  /** PEM of the authorities that may vouch for a TLS target; null: those that Node brings. */
  readonly tlsAuthorities?: string | null;
}

/** A proxy that listens. */
export interface Proxy {
  /** `unix:/path` or `host:port`, as it was bound. */
  readonly listen: string;
  readonly traffic: Readonly<Traffic>;
  openConnections(): number;
  setSocks(address: StreamAddress | null): void;
  /**
   * Accepts nothing more, lets what is under way come to its end, and breaks off what has not after `deadlineMs`.
   * Resolves when everything is closed.
   */
  stop(deadlineMs: number): Promise<void>;
}

/** What a socket's error says its close says too; without a listener it would end the thread. */
const errorsEndInClose = (): void => undefined;

/** Starts to listen. Rejects with RbError proxy.listen-*. */
export const startProxy = async (options: ProxyOptions): Promise<Proxy> => {
  const { limits, clock, target } = options;
  const traffic = new Traffic();
  const sessions = new Set<Session>();
  let onEmpty: (() => void) | null = null;

  const connector = targetConnector(
    {
      target,
      clock,
      connectTimeoutMs: limits.connectTimeoutMs,
      isolation: options.isolation ?? null,
      tlsAuthorities: options.tlsAuthorities ?? null,
    },
    options.socks,
  );
  const pool = new TargetPool(connector, limits, clock);
  const closed = (session: Session): void => {
    sessions.delete(session);
    if (sessions.size === 0) onEmpty?.();
  };
  const services: SessionServices = { clock, limits, traffic, connector, closed };
  const httpServices = {
    ...services,
    pool,
    joins: options.joins ?? null,
    origins: { target: targetOrigin(target), master: options.master },
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client: Socket) => {
    client.on('error', errorsEndInClose);
    if (sessions.size >= limits.maxConnections) {
      traffic.connectionsRefused++;
      client.destroy();
      return;
    }
    traffic.connectionsTotal++;
    sessions.add(
      target.mode === 'http' ? new HttpSession(client, httpServices) : new RawSession(client, services),
    );
  });
  const listen = streamAddressText(await listenAt(server, options.listen));

  let cancelSweep: CancelTimer = () => undefined;
  const sweep = (): void => {
    const nowMs = clock.monotonicMs();
    for (const session of sessions) session.check(nowMs);
    pool.check(nowMs);
    cancelSweep = clock.after(sweepIntervalMs(limits), sweep);
  };
  sweep();

  const stop = async (deadlineMs: number): Promise<void> => {
    const serverClosed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    const empty = new Promise<void>((resolve) => {
      onEmpty = resolve;
    });
    for (const session of sessions) session.drain();
    if (sessions.size > 0) {
      const cancelDeadline = clock.after(deadlineMs, () => {
        for (const session of sessions) session.destroy();
      });
      await empty;
      cancelDeadline();
    }
    pool.close();
    cancelSweep();
    await serverClosed;
  };

  return {
    listen,
    traffic,
    openConnections: () => sessions.size,
    setSocks: connector.setSocks,
    stop,
  };
};
