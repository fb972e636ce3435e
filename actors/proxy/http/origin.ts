/** A web origin (RFC 6454), as this proxy compares and writes it. */
export interface Origin {
  readonly scheme: 'http' | 'https';
  /** Lower case; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 };

/** `host[:port]`, without the scheme's default port: as a Host field shows it. */
export const authorityOf = (origin: Origin): string =>
  origin.port === DEFAULT_PORT[origin.scheme] ? origin.host : `${origin.host}:${String(origin.port)}`;

/** `scheme://host[:port]`, as an Origin field shows it. */
export const originText = (origin: Origin): string => `${origin.scheme}://${authorityOf(origin)}`;

/** A URL with an authority, cut where a browser would cut it: a backslash ends the authority too. */
const URL_START = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?\/\/([^/\\?#]*)/;
const AUTHORITY = /^(.*@)?(\[[^\]@]*\]|[^:@]*)(?::(\d{0,5}))?$/s;

/** The WebSocket scheme that shares an origin's host and port. */
const socketScheme = (scheme: 'http' | 'https'): string => (scheme === 'http' ? 'ws' : 'wss');

/** The scheme that `written` becomes, or null when a URL of that scheme cannot belong to `from`. */
const mappedScheme = (written: string | undefined, from: Origin, to: Origin): string | null => {
  if (written === undefined) return '';
  const scheme = written.toLowerCase();
  if (scheme === from.scheme) return `${to.scheme}:`;
  return scheme === socketScheme(from.scheme) ? `${socketScheme(to.scheme)}:` : null;
};

/** Whether an authority names `origin`'s host and port, the default port written out or not. */
const namesOrigin = (host: string, port: string | undefined, origin: Origin): boolean =>
  host.toLowerCase() === origin.host &&
  (port === undefined || port === '' ? DEFAULT_PORT[origin.scheme] : Number(port)) === origin.port;

/**
 * Moves a URL from one origin to another; a URL of any other origin, or one without an authority, stays as it is.
 * Scheme, host and port are compared as a whole: `http://a.onion.evil.com/`, `http://a.onion@evil.com/` and
 * `http://a.onion:8080/` do not belong to `http://a.onion`.
 */
export const moveUrl = (url: string, from: Origin, to: Origin): string => {
  const start = URL_START.exec(url);
  if (start === null) return url;
  const scheme = mappedScheme(start[1], from, to);
  const authority = AUTHORITY.exec(start[2] ?? '');
  if (scheme === null || authority === null) return url;
  const [, userInfo = '', host = '', port] = authority;
  if (!namesOrigin(host, port, from)) return url;
  return `${scheme}//${userInfo}${authorityOf(to)}${url.slice(start[0].length)}`;
};

/** Moves a serialised origin (`scheme://host[:port]` and nothing behind it), as Origin and CORS fields hold it. */
export const moveOrigin = (text: string, from: Origin, to: Origin): string => {
  const start = URL_START.exec(text);
  return start !== null && start[1] !== undefined && start[0].length === text.length && !text.includes('@')
    ? moveUrl(text, from, to)
    : text;
};
