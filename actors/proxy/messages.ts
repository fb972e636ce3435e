import { fact, order, signal } from '../kernel/message-declaration.js';

/**
 * How the proxy takes leave. serving: it does not. finishing: what comes is served still, but each connection ends with
 * its request. closed: nobody is accepted any more. Neither has a deadline.
 */
export type ProxyDrain = 'serving' | 'finishing' | 'closed';

/** One target as the proxy sees it. */
export interface ProxyTargetView {
  /** As the probes found it; unknown too once they have said nothing for long. */
  readonly state: 'unknown' | 'well' | 'down';
  /** It failed here since it last answered: it gets less until then. */
  readonly suspect: boolean;
  /** Requests and raw connections that are under way. */
  readonly outstanding: number;
  readonly failuresTotal: number;
}

export interface ProxyStatus {
  readonly state: 'starting' | 'listening' | 'draining' | 'failed';
  /** Where Tor's HiddenServicePort must point: `unix:/path` or `host:port`; null until it listens. */
  readonly listen: string | null;
  readonly mode: 'http' | 'raw';
  readonly drain: ProxyDrain;
  /** While it drains: idle when 0. */
  readonly openConnections: number;
  readonly connectionsTotal: number;
  readonly requestsTotal: number;
  readonly targetErrorsTotal: number;
  /** Requests that another target was asked for after one had failed. */
  readonly retriesTotal: number;
  /** Requests and raw connections that were refused because no target was well. */
  readonly unavailableTotal: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** In the order of the configuration. */
  readonly targets: readonly ProxyTargetView[];
}

export const proxyMessages = {
  'proxy.status': fact<ProxyStatus>(),
  /**
   * At most one a second: how many failures since the last, and which targets (by their place, from 0) failed or owe
   * answers; count is 0 where none has failed yet.
   */
  'proxy.target-error': signal<{
    readonly reason: string;
    readonly count: number;
    readonly targets: readonly number[];
  }>(),
  /** How it shall take leave. A proxy that is started anew serves: who orders looks at proxy.status and orders again. */
  'proxy.drain': order<{ readonly to: ProxyDrain }>(),
} as const;
