import { type RequestListener, createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { ProxyLimits } from '@rustbalance/actors/proxy/limits.js';
import { type Proxy, type ProxyOptions, startProxy } from '@rustbalance/actors/proxy/start-proxy.js';
import type { Target } from '@rustbalance/actors/kernel/config/target.js';
import { listening } from './scripted-target.js';

export const MASTER = `${'m'.repeat(56)}.onion`;
export const MASTER_URL = `http://${MASTER}`;

const LIMITS: ProxyLimits = {
  maxConnections: 100,
  maxHeaderBytes: 8192,
  maxFields: 100,
  headerTimeoutMs: 5000,
  connectTimeoutMs: 5000,
  idleTimeoutMs: 5000,
};

type PartialTarget = Partial<Target> & { readonly port: number };

const targetAt = ({ mode, host, port, route, tls }: PartialTarget): Target => ({
  mode: mode ?? 'http',
  host: host ?? '127.0.0.1',
  port,
  route: route ?? 'direct',
  tls: tls ?? null,
});

export interface Under {
  readonly target: PartialTarget;
  /** Further targets. */
  readonly others?: readonly PartialTarget[];
  readonly limits?: Partial<ProxyLimits>;
  readonly options?: Partial<ProxyOptions>;
}

/** Starts a proxy at a free port of 127.0.0.1 (or where `options.listen` says); stopped at the end of the test. */
export const proxyTo = async ({ target, others = [], limits = {}, options = {} }: Under): Promise<Proxy> => {
  const proxy = await startProxy({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    targets: [targetAt(target), ...others.map(targetAt)],
    master: { scheme: 'http', host: MASTER, port: 80 },
    limits: { ...LIMITS, ...limits },
    clock: systemClock,
    socks: null,
    ...options,
  });
  onTestFinished(() => proxy.stop(0));
  return proxy;
};

/** A target of node:http, an implementation that is not ours; gives its port. */
export const nodeTarget = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener);
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
};

/** A request text for the master address. */
export const requestText = (line: string, ...fields: string[]): string =>
  [`${line} HTTP/1.1`, `Host: ${MASTER}`, ...fields, '', ''].join('\r\n');
