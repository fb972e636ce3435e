import { fact, signal } from '../kernel/message-declaration.js';

export interface ProxyStatus {
  readonly state: 'starting' | 'listening' | 'draining' | 'failed';
  /** Where Tor's HiddenServicePort must point: `unix:/path` or `host:port`; null until it listens. */
  readonly listen: string | null;
  readonly mode: 'http' | 'raw';
  readonly openConnections: number;
  readonly connectionsTotal: number;
  readonly requestsTotal: number;
  readonly targetErrorsTotal: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export const proxyMessages = {
  'proxy.status': fact<ProxyStatus>(),
  /** At most one a second, with how many failed since the last. */
  'proxy.target-error': signal<{ readonly reason: string; readonly count: number }>(),
} as const;
