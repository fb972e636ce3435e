import { isIPv6 } from 'node:net';
import { isFields, isListOf, isNumber, isOptional, isString } from '../../kernel/checks.js';

/** A network interface as `ip -j -d addr show dev` tells it. */
export interface FoundLink {
  /** `wireguard`, `tun`, …; empty for hardware. */
  readonly kind: string;
  /**
   * UP and LOWER_UP among the flags. Never a substring of the text form: "group" contains "up", a dead tunnel still
   * says NO-CARRIER,…,UP, and operstate is UNKNOWN when all is well.
   */
  readonly up: boolean;
  /** IPv6 addresses with their prefix length, written as canonicalIp() does. */
  readonly addresses: readonly string[];
}

export interface FoundRoutes {
  /** The tunnel network leads into the interface. */
  readonly throughTunnel: boolean;
  /** The guard: without the interface the network is unreachable, instead of the default route's. */
  readonly unreachable: boolean;
}

/** An IPv6 address in its one shortest form (RFC 5952), a prefix length kept; anything else unchanged. */
export const canonicalIp = (text: string): string => {
  const [address = '', length] = text.split('/');
  if (!isIPv6(address) || address.includes('%')) return text;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  return length === undefined ? short : `${short}/${length}`;
};

interface Address {
  readonly family: string;
  readonly local?: string;
  readonly prefixlen?: number;
}

interface Link {
  readonly flags: readonly string[];
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly Address[];
}

interface Route {
  readonly type?: string;
  readonly dev?: string;
  readonly metric?: number;
}

/** Far more than iproute2 tells of one interface and one network. */
const MOST_LINKS = 16;
const MOST_ADDRESSES = 256;
const MOST_ROUTES = 256;

const isAddress = (value: unknown): value is Address =>
  isFields(value) &&
  isString(value['family']) &&
  isOptional(value['local'], isString) &&
  isOptional(value['prefixlen'], isNumber);

const isLinkInfo = (value: unknown): value is Link['linkinfo'] =>
  isFields(value) && isOptional(value['info_kind'], isString);

const isLink = (value: unknown): value is Link =>
  isFields(value) &&
  isListOf(value['flags'], MOST_ADDRESSES, isString) &&
  isOptional(value['linkinfo'], isLinkInfo) &&
  isOptional(value['addr_info'], (list) => isListOf(list, MOST_ADDRESSES, isAddress));

const isRoute = (value: unknown): value is Route =>
  isFields(value) &&
  isString(value['dst']) &&
  isOptional(value['type'], isString) &&
  isOptional(value['dev'], isString) &&
  isOptional(value['metric'], isNumber);

const json = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

/** Reads the output of `ip -j -d addr show dev <interface>`; null for anything else. */
export const parseLink = (text: string): FoundLink | null => {
  const found = json(text);
  // Interfaces that do not match leave empty objects behind in some versions of iproute2: they have no flags.
  const link = isListOf(found, MOST_LINKS, isLink) ? found[0] : undefined;
  if (link === undefined) return null;
  return {
    kind: link.linkinfo?.info_kind ?? '',
    up: link.flags.includes('UP') && link.flags.includes('LOWER_UP'),
    addresses: (link.addr_info ?? []).flatMap(({ family, local, prefixlen }) =>
      family === 'inet6' && local !== undefined ? [canonicalIp(`${local}/${String(prefixlen)}`)] : [],
    ),
  };
};

/** Above every metric that the kernel gives by itself, so that the tunnel's own route comes first. */
export const GUARD_METRIC = 4096;

/** Reads the output of `ip -j -6 route show exact <network>`; null for anything else. */
export const parseRoutes = (text: string, interfaceName: string): FoundRoutes | null => {
  const found = text.trim() === '' ? [] : json(text);
  if (!isListOf(found, MOST_ROUTES, isRoute)) return null;
  return {
    throughTunnel: found.some(({ type, dev }) => type === undefined && dev === interfaceName),
    unreachable: found.some(({ type, metric }) => type === 'unreachable' && metric === GUARD_METRIC),
  };
};
