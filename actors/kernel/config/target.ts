import { isIPv6 } from 'node:net';
import { decodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { type ErrorCode, type ErrorData, type ErrorDetail, errorData } from '../errors.js';
import { hostPortText, isHost } from '../stream-address.js';
import type { Config } from './schema.js';

/** The operator's real service. */
export interface Target {
  readonly mode: 'http' | 'raw';
  /** Lower case; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** `onion`: through Tor's SOCKS port, which resolves the name; `direct`: a connection of our own. */
  readonly route: 'onion' | 'direct';
  readonly tls: { readonly verify: boolean } | null;
}

/** All targets of a node, in the order of the configuration; of one mode. */
export type Targets = readonly [Target, ...Target[]];

type TargetConfig = Pick<Config, 'target' | 'master' | 'proxy'>;

interface Endpoint {
  readonly mode: 'http' | 'raw';
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

const URL_FORM = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(\[[^\]]*\]|[^/:?#@\s]*)(?::(\d{1,5}))?\/?$/;

interface Scheme {
  readonly mode: 'http' | 'raw';
  readonly tls: boolean;
  readonly port: number | null;
}

const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['http', { mode: 'http', tls: false, port: 80 }],
  ['https', { mode: 'http', tls: true, port: 443 }],
  ['tcp', { mode: 'raw', tls: false, port: null }],
]);

const refused = (code: ErrorCode, key: string, detail: ErrorDetail = {}): ErrorData =>
  errorData(code, `target.${key}`, { key: `target.${key}`, ...detail });

/** The default of `[target] port`: whoever wrote nothing has it too. */
const PORT_NOT_GIVEN = 80;

const fromUrl = (url: string, key: string, { target }: TargetConfig): Endpoint | ErrorData => {
  const parts = URL_FORM.exec(url);
  const scheme = SCHEMES.get(parts?.[1]?.toLowerCase() ?? '');
  if (parts === null) return refused('target.bad-url', key);
  if (scheme === undefined) return refused('target.bad-scheme', key, { scheme: parts[1] ?? '' });
  const port = parts[3] === undefined ? scheme.port : Number(parts[3]);
  if (port === null) return refused('target.port-missing', key);
  if (port < 1 || port > 65_535) return refused('target.bad-port', key, { port });
  if (target.port !== PORT_NOT_GIVEN && target.port !== port) return refused('target.contradiction', 'port');
  if (target.use_tls && !scheme.tls && scheme.mode === 'http')
    return refused('target.contradiction', 'use_tls');
  if (target.mode === 'raw' && scheme.mode === 'http') return refused('target.contradiction', 'mode');
  return { mode: scheme.mode, tls: scheme.tls || target.use_tls, host: parts[2] ?? '', port };
};

const fromKeys = ({ target }: TargetConfig): Endpoint => ({
  mode: target.mode,
  tls: target.use_tls,
  host: target.onion_address,
  port: target.port,
});

/** Lower case and without brackets; null when it is neither a name nor an address. */
const hostOf = (written: string): string | null => {
  const lower = written.toLowerCase();
  if (lower.startsWith('[') && lower.endsWith(']')) {
    const address = lower.slice(1, -1);
    return isIPv6(address) ? address : null;
  }
  return isHost(lower) ? lower : null;
};

const ONION = '.onion';

/** Why an onion host cannot be reached, or null; subdomains (`www.….onion`) lead to the same service. */
const onionFault = (host: string): string | null => {
  const address = host.slice(0, -ONION.length).split('.').at(-1) ?? '';
  const decoded = decodeOnionAddress(address);
  return decoded.ok ? null : decoded.detail;
};

const leadsToItself = (host: string, port: number, { master, proxy }: TargetConfig): boolean =>
  host === master.onion_address ||
  host.endsWith(`.${master.onion_address}`) ||
  proxy.listen === hostPortText(host, port);

const targetAt = (endpoint: Endpoint | ErrorData, key: string, config: TargetConfig): Target | ErrorData => {
  if ('code' in endpoint) return endpoint;
  const host = hostOf(endpoint.host);
  if (host === null) return refused('target.bad-host', key);
  if (leadsToItself(host, endpoint.port, config)) return refused('target.is-itself', key);
  const route = host.endsWith(ONION) ? 'onion' : 'direct';
  const fault = route === 'onion' ? onionFault(host) : null;
  if (fault !== null) return refused('target.bad-onion', key, { reason: fault });
  const { mode, port, tls } = endpoint;
  return { mode, host, port, route, tls: tls ? { verify: config.target.tls_verify } : null };
};

const severalTargets = (urls: readonly string[], config: TargetConfig): Targets | ErrorData => {
  const [first, ...others] = urls.map((url, index) => {
    const key = `urls[${String(index)}]`;
    return targetAt(fromUrl(url, key, config), key, config);
  });
  if (first === undefined) return refused('config.target-missing', 'url');
  if ('code' in first) return first;
  const targets: [Target, ...Target[]] = [first];
  for (const [index, other] of others.entries()) {
    if ('code' in other) return other;
    const key = `urls[${String(index + 1)}]`;
    if (other.mode !== first.mode) return refused('target.mixed-modes', key);
    if (targets.some(({ host, port }) => host === other.host && port === other.port))
      return refused('target.twice', key);
    targets.push(other);
  }
  return targets;
};

/**
 * The targets that a configuration names, or what is wrong with it. Pure: what it returns was decided by the text alone,
 * nothing was resolved or tried.
 */
export const parseTargets = (config: TargetConfig): Targets | ErrorData => {
  const { url, urls, onion_address: hostKey } = config.target;
  const forms = [url !== '', hostKey !== '', urls.length > 0].filter(Boolean).length;
  if (forms === 0) return refused('config.target-missing', 'url');
  if (forms > 1) return refused('config.target-twice', hostKey === '' ? 'urls' : 'onion_address');
  if (urls.length > 0) return severalTargets(urls, config);
  const key = url === '' ? 'onion_address' : 'url';
  const target = targetAt(url === '' ? fromKeys(config) : fromUrl(url, key, config), key, config);
  return 'code' in target ? target : [target];
};
