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

const fromUrl = ({ target }: TargetConfig): Endpoint | ErrorData => {
  const parts = URL_FORM.exec(target.url);
  const scheme = SCHEMES.get(parts?.[1]?.toLowerCase() ?? '');
  if (parts === null) return refused('target.bad-url', 'url');
  if (scheme === undefined) return refused('target.bad-scheme', 'url', { scheme: parts[1] ?? '' });
  const port = parts[3] === undefined ? scheme.port : Number(parts[3]);
  if (port === null) return refused('target.port-missing', 'url');
  if (port < 1 || port > 65_535) return refused('target.bad-port', 'url', { port });
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

/**
 * The target that a configuration names, or what is wrong with it. Pure: what it returns was decided by the text alone,
 * nothing was resolved or tried.
 */
export const parseTarget = (config: TargetConfig): Target | ErrorData => {
  const { url, onion_address: hostKey, tls_verify: verify } = config.target;
  if (url === '' && hostKey === '') return refused('config.target-missing', 'url');
  if (url !== '' && hostKey !== '') return refused('config.target-twice', 'onion_address');
  const key = url === '' ? 'onion_address' : 'url';
  const endpoint = url === '' ? fromKeys(config) : fromUrl(config);
  if ('code' in endpoint) return endpoint;
  const host = hostOf(endpoint.host);
  if (host === null) return refused('target.bad-host', key);
  if (leadsToItself(host, endpoint.port, config)) return refused('target.is-itself', key);
  const route = host.endsWith(ONION) ? 'onion' : 'direct';
  const fault = route === 'onion' ? onionFault(host) : null;
  if (fault !== null) return refused('target.bad-onion', key, { reason: fault });
  return { mode: endpoint.mode, host, port: endpoint.port, route, tls: endpoint.tls ? { verify } : null };
};
