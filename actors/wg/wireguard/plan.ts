import { timingSafeEqual } from 'node:crypto';
import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import { Secret } from '../../kernel/redact.js';
import type { FoundPeer, WireguardDump } from './dump.js';
import { canonicalIp } from './ip-json.js';
import type { FoundLink, FoundRoutes } from './ip-json.js';
import type { WantedPeer, WantedTunnel } from './wanted.js';

/** Mappings in address translators and firewalls live 30 s or more. */
const KEEPALIVE_SECS = 25;
/** A session ends 180 s after its handshake (REJECT_AFTER_TIME of the WireGuard paper §6.1). */
const STALE_HANDSHAKE_SECS = 180;

/** What is there, as far as the system tells. */
export interface FoundTunnel {
  readonly link: FoundLink | null;
  /** hung: `wg` got no answer in time. unreadable: `wg` does not know this interface. */
  readonly device: WireguardDump | 'hung' | 'unreadable';
  readonly routes: FoundRoutes;
  readonly guarded: boolean;
  /** A process that we started serves the interface. */
  readonly ownProcess: boolean;
}

/** One change, in the order in which they are made. */
export type Step =
  | { readonly kind: 'guard-route' }
  | { readonly kind: 'guard-table' }
  | { readonly kind: 'remove-peers'; readonly publicKeys: readonly string[] }
  /** The input is `wg addconf`'s, with keys in it. */
  | { readonly kind: 'configure'; readonly input: Secret }
  | { readonly kind: 'set-up' }
  | { readonly kind: 'add-address' }
  | { readonly kind: 'add-route' };

export type Plan =
  | { readonly kind: 'foreign'; readonly evidence: string }
  /** The interface must be made (anew): what is left of it goes first. */
  | { readonly kind: 'build'; readonly problem: 'missing' | 'hung' | 'unreadable' }
  | { readonly kind: 'change'; readonly steps: readonly Step[] };

/** What is known from before. */
export interface TunnelMemory {
  /** The endpoints that were set last, by public key. */
  readonly applied: ReadonlyMap<string, string | null>;
  /** Peers to whom nothing goes out, by public key. */
  readonly stuck: ReadonlySet<string>;
  /**
   * Whether anybody has said yet who the peers are. Before that those that are found stay: their sessions would go with them, and
   * the endpoints of those whose endpoint nobody else knows.
   */
  readonly peersKnown: boolean;
}

/** How far sending to a peer has come. */
export interface PeerProgress {
  /** Datagrams that were handed to the tunnel. */
  readonly handed: number;
  /** Bytes that the device has sent. */
  readonly sentBytes: number;
}

/**
 * The peers to whom datagrams were handed while the device sent nothing. Measured: wireguard-go keeps the source address
 * of a peer's packets, and once that has left this machine every packet fails in silence, until the peer's endpoint is set.
 */
export const stuckPeers = (
  before: ReadonlyMap<string, PeerProgress>,
  now: ReadonlyMap<string, PeerProgress>,
): ReadonlySet<string> =>
  new Set(
    [...now].flatMap(([key, { handed, sentBytes }]) => {
      const earlier = before.get(key);
      return earlier !== undefined && handed > earlier.handed && sentBytes === earlier.sentBytes ? [key] : [];
    }),
  );

/** `[Interface]` and `[Peer]` sections as `wg addconf` reads them (wg(8)). */
const configureText = (device: WantedTunnel | null, peers: readonly WantedPeer[]): string =>
  [
    ...(device === null
      ? []
      : [
          '[Interface]',
          `PrivateKey = ${encodeBase64(device.privateKey.reveal())}`,
          `ListenPort = ${String(device.listenPort)}`,
        ]),
    ...peers.flatMap(({ publicKey, presharedKey, endpoint, address }) => [
      '[Peer]',
      `PublicKey = ${publicKey}`,
      `PresharedKey = ${encodeBase64(presharedKey.reveal())}`,
      `AllowedIPs = ${address}/128`,
      `PersistentKeepalive = ${String(KEEPALIVE_SECS)}`,
      ...(endpoint === null ? [] : [`Endpoint = ${endpoint}`]),
    ]),
    '',
  ].join('\n');

const sameSecret = (wanted: WantedPeer, found: FoundPeer): boolean => {
  const key = found.presharedKey?.reveal();
  const own = wanted.presharedKey.reveal();
  return key?.length === own.length && timingSafeEqual(key, own);
};

/**
 * A peer that moves is followed by WireGuard itself, so the endpoint found may rightly differ from the one announced.
 * The announced one is set when it is new, and tried again when nothing has been heard for a whole session.
 */
const needsEndpoint = (
  wanted: WantedPeer,
  found: FoundPeer,
  applied: string | null | undefined,
  nowSecs: number,
): boolean => {
  if (wanted.endpoint === null) return false;
  if (found.endpoint === null || (applied !== undefined && applied !== wanted.endpoint)) return true;
  return found.endpoint !== wanted.endpoint && nowSecs - found.latestHandshake > STALE_HANDSHAKE_SECS;
};

const isRight = (wanted: WantedPeer, found: FoundPeer): boolean =>
  sameSecret(wanted, found) &&
  found.keepalive === KEEPALIVE_SECS &&
  found.allowedIps.length === 1 &&
  canonicalIp(found.allowedIps[0] ?? '') === canonicalIp(`${wanted.address}/128`);

const carries = (link: FoundLink, { address }: WantedTunnel): boolean =>
  link.addresses.some((found) => found.split('/')[0] === canonicalIp(address));

/** Null when the interface is ours: by our key, our address, or our process; or nobody's: without a key and peers. */
const foreignEvidence = (link: FoundLink, found: FoundTunnel, wanted: WantedTunnel): string | null => {
  if (carries(link, wanted) || found.ownProcess) return null;
  if (found.device === 'hung') return 'what serves it does not answer';
  if (found.device === 'unreadable') return 'it is no WireGuard interface';
  const { publicKey, peers } = found.device;
  if (publicKey === wanted.publicKey || (publicKey === null && peers.length === 0)) return null;
  return 'it has another private key';
};

const peerSteps = (
  device: WireguardDump,
  wanted: WantedTunnel,
  { applied, stuck, peersKnown }: TunnelMemory,
  nowSecs: number,
): readonly Step[] => {
  const found = new Map(device.peers.map((peer) => [peer.publicKey, peer]));
  const removed = peersKnown ? [...found.keys()].filter((key) => !wanted.peers.has(key)) : [];
  const changed = [...wanted.peers.values()].flatMap((peer): readonly WantedPeer[] => {
    const there = found.get(peer.publicKey);
    if (there === undefined) return [peer];
    if (needsEndpoint(peer, there, applied.get(peer.publicKey), nowSecs)) return [peer];
    if (stuck.has(peer.publicKey)) return [{ ...peer, endpoint: there.endpoint ?? peer.endpoint }];
    // Without an endpoint in the text the one that WireGuard follows stays.
    return isRight(peer, there) ? [] : [{ ...peer, endpoint: null }];
  });
  const isDeviceRight = device.publicKey === wanted.publicKey && device.listenPort === wanted.listenPort;
  const steps: Step[] = [];
  if (removed.length > 0) steps.push({ kind: 'remove-peers', publicKeys: removed });
  if (changed.length > 0 || !isDeviceRight) {
    const text = configureText(isDeviceRight ? null : wanted, changed);
    steps.push({ kind: 'configure', input: new Secret(Buffer.from(text)) });
  }
  return steps;
};

/** The guards that are missing; they come before everything else. */
export const guardSteps = ({ routes, guarded }: Pick<FoundTunnel, 'routes' | 'guarded'>): readonly Step[] => [
  ...(routes.unreachable ? [] : [{ kind: 'guard-route' } as const]),
  ...(guarded ? [] : [{ kind: 'guard-table' } as const]),
];

/**
 * What lies between the tunnel that is wanted and the one that is there.
 *
 * @param nowSecs Unix seconds, by the clock that the handshakes are told in
 */
export const planChanges = (
  wanted: WantedTunnel,
  found: FoundTunnel,
  memory: TunnelMemory,
  nowSecs: number,
): Plan => {
  const { link, device } = found;
  if (link === null) return { kind: 'build', problem: 'missing' };
  const evidence = foreignEvidence(link, found, wanted);
  if (evidence !== null) return { kind: 'foreign', evidence };
  if (device === 'hung' || device === 'unreadable') return { kind: 'build', problem: device };
  const steps: Step[] = [...guardSteps(found), ...peerSteps(device, wanted, memory, nowSecs)];
  if (!link.up) steps.push({ kind: 'set-up' });
  if (!carries(link, wanted)) steps.push({ kind: 'add-address' });
  // The address brings the route along, once the interface is up.
  else if (link.up && !found.routes.throughTunnel) steps.push({ kind: 'add-route' });
  return { kind: 'change', steps };
};
