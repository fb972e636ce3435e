import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '../election/messages.js';
import type { ActorContext } from '../kernel/actor.js';
import type { NodeId } from '../kernel/brands.js';
import { nodePaths } from '../kernel/config/paths.js';
import type { ChildState } from '../kernel/host-messages.js';
import { openSocksStream } from '../kernel/socks-stream.js';
import { parseHostPort } from '../kernel/stream-address.js';
import type { HostPort, StreamAddress } from '../kernel/stream-address.js';
import type { Agreements } from './agreements.js';
import { speaksOverTor } from './coordination.js';
import { DirectTransport } from './direct-transport.js';
import { directEndpoints } from './endpoints.js';
import type { TransportName } from './messages.js';
import { TorTransport } from './tor-transport/tor-transport.js';
import type { TorTransportWorld } from './tor-transport/tor-transport.js';
import type { Transport, TransportEvents } from './transport.js';
import type { OpenUdp } from './udp-socket.js';
import { listenUnix } from './unix-listener.js';
import { systemTunnels, wireguardTransport } from './wireguard/configured.js';
import type { TunnelEffects } from './wireguard/configured.js';

/** What transports are made of. */
export interface TransportSockets {
  readonly openUdp: OpenUdp;
  readonly listen: TorTransportWorld['listen'];
  readonly dial: TorTransportWorld['dial'];
  readonly tunnels: TunnelEffects;
}

/** The library's own deadline; the transport's comes first. */
const SOCKS_TIMEOUT_MS = 60_000;

export const systemSockets: Omit<TransportSockets, 'openUdp'> = {
  tunnels: systemTunnels,
  listen: listenUnix,
  dial: ({ socks, address, port, isolation }, signal) =>
    openSocksStream(
      { socks, host: `${address}.onion`, port, isolation, timeoutMs: SOCKS_TIMEOUT_MS },
      signal,
    ),
};

/** The transports of a node, and what they follow. */
export interface ConfiguredTransports {
  /** The preferred one first. */
  readonly all: readonly Transport[];
  /** Who belongs to the cluster now, and where. */
  useMembers(members: readonly MemberView[]): void;
  /** What the process host says of its children. */
  useChildren(children: readonly ChildState[]): void;
  /** Where Tor's SOCKS port is; null while Tor is not up. */
  useSocks(socks: StreamAddress | null): void;
}

const coordinationAddresses = (members: readonly MemberView[]): ReadonlyMap<NodeId, OnionAddress> =>
  new Map(
    members.flatMap(({ id, addresses: { coordination } }) =>
      coordination === null ? [] : [[id, coordination] as const],
    ),
  );

const directAddresses = (members: readonly MemberView[]): ReadonlyMap<NodeId, HostPort> =>
  new Map(
    members.flatMap(({ id, addresses: { direct } }) => {
      const at = direct === null ? null : parseHostPort(direct);
      return at === null ? [] : [[id, at] as const];
    }),
  );

/**
 * The transports that the configuration asks for: `direct` alone, `tor` alone, or `wireguard` and, where it may stand
 * in, `tor`.
 *
 * @throws RbError what directEndpoints and wireguardTransport throw
 */
export const configuredTransports = (
  context: ActorContext<'wg'>,
  eventsOf: (transport: TransportName) => TransportEvents,
  sockets: TransportSockets,
  agreements: Agreements,
): ConfiguredTransports => {
  const { config, clock, random, log } = context;
  const { mode } = config.coordination;
  const all: Transport[] = [];
  const tunnels =
    mode === 'wireguard'
      ? wireguardTransport(context, eventsOf('wireguard'), sockets.openUdp, sockets.tunnels, agreements)
      : null;
  if (tunnels !== null) all.push(tunnels);
  const endpoints = mode === 'direct' ? directEndpoints(config) : null;
  const direct =
    endpoints === null
      ? null
      : new DirectTransport(endpoints, { clock, random, log, openUdp: sockets.openUdp }, eventsOf('direct'));
  if (direct !== null) all.push(direct);
  const { listen, dial } = sockets;
  const tor = speaksOverTor(config)
    ? new TorTransport(
        nodePaths(config).datagramSocket,
        { clock, random, log, listen, dial },
        eventsOf('tor'),
      )
    : null;
  if (tor !== null) all.push(tor);
  return {
    all,
    useMembers: (members) => {
      direct?.setPeers(directAddresses(members));
      tunnels?.follow(members);
      tor?.usePeers(coordinationAddresses(members));
    },
    useChildren: (children) => {
      tunnels?.children(children);
    },
    useSocks: (socks) => {
      tor?.useSocks(socks);
    },
  };
};
