import { isIPv6 } from 'node:net';
import { z } from 'zod';

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

const links = z
  .array(
    z.object({
      flags: z.array(z.string()),
      linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
      addr_info: z
        .array(
          z.object({ family: z.string(), local: z.string().optional(), prefixlen: z.number().optional() }),
        )
        .optional(),
    }),
  )
  .max(16);

const routes = z
  .array(
    z.object({
      type: z.string().optional(),
      dev: z.string().optional(),
      dst: z.string(),
      metric: z.number().optional(),
    }),
  )
  .max(256);

const json = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

/** Reads the output of `ip -j -d addr show dev <interface>`; null for anything else. */
export const parseLink = (text: string): FoundLink | null => {
  const parsed = links.safeParse(json(text));
  // Interfaces that do not match leave empty objects behind in some versions of iproute2: they have no flags.
  const link = parsed.success ? parsed.data[0] : undefined;
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
  const parsed = routes.safeParse(text.trim() === '' ? [] : json(text));
  if (!parsed.success) return null;
  return {
    throughTunnel: parsed.data.some(({ type, dev }) => type === undefined && dev === interfaceName),
    unreachable: parsed.data.some(({ type, metric }) => type === 'unreachable' && metric === GUARD_METRIC),
  };
};
