import { type Origin, authorityOf, moveUrl } from './origin.js';

/**
 * Content-Security-Policy (CSP Level 3 §2): host sources that name the target come to name the address that the
 * client sees. Keywords, schemes, wildcards and other hosts stay.
 */

/** scheme-less host source: host, port or `*`, path (CSP3 §2.3.1). */
const BARE_HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}|\*))?(\/.*)?$/s;
const ANY_PORT = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/:]+|[A-Za-z][A-Za-z0-9+.-]*:\/\/\[[^\]]*\]):\*(\/.*)?$/s;

const DEFAULT_PORT = { http: 80, https: 443 } as const;

const moveBareHost = (source: string, from: Origin, to: Origin): string => {
  const parts = BARE_HOST.exec(source);
  if (parts?.[1]?.toLowerCase() !== from.host) return source;
  const [, , port, path = ''] = parts;
  if (port === '*') return `${to.host}:*${path}`;
  const number = port === undefined ? DEFAULT_PORT[from.scheme] : Number(port);
  return number === from.port ? `${authorityOf(to)}${path}` : source;
};

const moveSource = (source: string, from: Origin, to: Origin): string => {
  const anyPort = ANY_PORT.exec(source);
  if (anyPort?.[1] !== undefined) {
    // `:*` covers the origin's own port, whichever it is.
    const moved = moveUrl(`${anyPort[1]}:${String(from.port)}`, from, {
      ...to,
      port: DEFAULT_PORT[to.scheme],
    });
    return moved === `${anyPort[1]}:${String(from.port)}` ? source : `${moved}:*${anyPort[2] ?? ''}`;
  }
  return source.includes('://') ? moveUrl(source, from, to) : moveBareHost(source, from, to);
};

/** Directives that send a page's own resources to https, where an onion address that serves http has nothing. */
const TLS_ONLY = new Set(['upgrade-insecure-requests', 'block-all-mixed-content']);

const moveDirective = (directive: string, from: Origin, to: Origin): string | null => {
  const [, space = '', name = '', sources = ''] = /^(\s*)(\S*)(.*)$/s.exec(directive) ?? [];
  if (from.scheme === 'https' && to.scheme === 'http' && TLS_ONLY.has(name.toLowerCase())) return null;
  return space + name + sources.replace(/\S+/g, (source) => moveSource(source, from, to));
};

export const movePolicy = (value: string, from: Origin, to: Origin): string =>
  value
    .split(',')
    .map((policy) =>
      policy
        .split(';')
        .map((directive) => moveDirective(directive, from, to))
        .filter((directive) => directive !== null)
        .join(';'),
    )
    .join(',');
