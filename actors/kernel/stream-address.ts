import { isIP, isIPv6 } from 'node:net';

export interface HostPort {
  /** IPv4 or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where a stream socket listens: Tor's control and SOCKS ports, our own proxy. A host has no brackets. */
export type StreamAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/**
 * RFC 1123 names, and the underscore that container networks use. A last label that is a number, hexadecimal included,
 * makes a broken address: resolvers take 0x7f000001 for 127.0.0.1 (inet_aton(3)).
 */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!(?:\d+|0x[0-9a-f]*)$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Is this an IP address (IPv6 without brackets) or a host name? */
export const isHost = (text: string): boolean => isIP(text) !== 0 || HOST_NAME.test(text);

/** `host:port`; IPv6 in brackets, since its colons would run into the port's (RFC 3986 §3.2.2). */
export const hostPortText = (host: string, port: number): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;

const HOST_PORT = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/** Reads `unix:/path` or `host:port` (`[IPv6]:port`; port 0 takes a free one); null for anything else. */
export const parseStreamAddress = (text: string): StreamAddress | null => {
  if (text.startsWith('unix:/') && text.length > 'unix:/'.length)
    return { kind: 'unix', path: text.slice('unix:'.length) };
  const [, six, other = '', digits] = HOST_PORT.exec(text) ?? [];
  const port = Number(digits);
  const isGood = six === undefined ? isHost(other) : isIPv6(six);
  return isGood && port <= 65_535 ? { kind: 'tcp', host: six ?? other, port } : null;
};

/** The inverse of parseStreamAddress. */
export const streamAddressText = (address: StreamAddress): string =>
  address.kind === 'unix' ? `unix:${address.path}` : hostPortText(address.host, address.port);

/** Reads `IP:PORT` or `[IPv6]:PORT` with a port from 1; null for anything else, host names included. */
export const parseHostPort = (text: string): HostPort | null => {
  const address = parseStreamAddress(text);
  if (address?.kind !== 'tcp' || isIP(address.host) === 0 || address.port === 0) return null;
  return { host: address.host, port: address.port };
};

/** The address as node:net takes it. */
export const socketOptions = (address: StreamAddress): { readonly path: string } | HostPort =>
  address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
