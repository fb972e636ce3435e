import { isIP } from 'node:net';

export interface HostPort {
  /** IPv4 or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `IP:PORT` or `[IPv6]:PORT`; null for anything else, host names included. */
export const parseHostPort = (text: string): HostPort | null => {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, six, four] = match;
  const host = six ?? four ?? '';
  const port = Number(match[3]);
  if (isIP(host) !== (six === undefined ? 4 : 6) || port < 1 || port > 65_535) return null;
  return { host, port };
};

export const isHostPort = (text: string): boolean => parseHostPort(text) !== null;

/** A stream socket's address, as node:net takes it. */
export type StreamAddress = HostPort | { readonly path: string };

/** Reads `unix:/path` or `IP:PORT`; null for anything else. */
export const parseListen = (text: string): StreamAddress | null =>
  text.startsWith('unix:/') && text.length > 'unix:/'.length
    ? { path: text.slice('unix:'.length) }
    : parseHostPort(text);
