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
