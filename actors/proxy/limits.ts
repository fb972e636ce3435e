import type { Config } from '../kernel/config/schema.js';

/** What a client, and the target, may cost. Times in milliseconds. */
export interface ProxyLimits {
  readonly maxConnections: number;
  /** Bytes of one head or trailer section; also how far a client may pipeline ahead. */
  readonly maxHeaderBytes: number;
  readonly maxFields: number;
  /** From a request's first byte (a connection's start, for the first request) to the end of its head. */
  readonly headerTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A connection on which nothing moves in either direction. */
  readonly idleTimeoutMs: number;
}

/** Browsers send some 20, a site's page some 40; each costs about 0.2 µs and an object. */
const MAX_FIELDS = 200;

export const limitsOf = ({ proxy, target }: Pick<Config, 'proxy' | 'target'>): ProxyLimits => ({
  maxConnections: proxy.max_connections,
  maxHeaderBytes: proxy.max_header_bytes,
  maxFields: MAX_FIELDS,
  headerTimeoutMs: proxy.header_timeout_secs * 1000,
  connectTimeoutMs: target.connect_timeout_secs * 1000,
  idleTimeoutMs: target.session_timeout_secs * 1000,
});

/**
 * How often open connections are looked at for time-outs: one timer for all instead of one for each costs nothing
 * by request, and makes a time-out late by at most a tenth (and a second).
 */
export const sweepIntervalMs = (limits: ProxyLimits): number =>
  Math.min(1000, Math.max(10, Math.min(limits.headerTimeoutMs, limits.idleTimeoutMs) / 10));
