import type {
  Curve25519PublicKey,
  Curve25519SecretKey,
  OnionAddress,
} from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../kernel/brands.js';
import { fact, order, request, signal } from '../kernel/message-declaration.js';

export type TransportName = 'wireguard' | 'tor' | 'direct';

/**
 * The most that any transport carries in one piece, bytes. 1,200 pass every path that carries IPv6 (RFC 8200 §5 asks
 * for 1,280) with WireGuard's 80 bytes of headers around them, so nothing is ever fragmented.
 */
export const LARGEST_DATAGRAM = 1200;

export interface TransportStatus {
  readonly transport: TransportName;
  readonly state: 'down' | 'up';
  /** Local address, e.g. `127.0.0.1:7001`. */
  readonly local: string | null;
  readonly sent: number;
  readonly received: number;
  readonly dropped: number;
  readonly lastError: string | null;
}

/** What arrived. The transport proves nothing: the sealed bytes must. */
export interface ReceivedDatagram {
  readonly transport: TransportName;
  readonly bytes: Uint8Array;
  /** Monotonic time of the WgActor's thread: each thread's clock has its own zero, so only differences mean anything. */
  readonly atMonotonicMs: number;
}

/** The coordination onion service that this node's Tor must serve. */
export interface CoordinationService {
  /** Where its virtual ports lead: `unix:/path`. */
  readonly datagramTarget: string;
  readonly joinTarget: string;
  /** Who may reach it: client authorization (rend-spec-v3 appendix G). The names are those of files. */
  readonly clients: readonly { readonly name: string; readonly publicKey: Curve25519PublicKey }[];
}

/** Virtual ports of the coordination onion service: part of the protocol between nodes. */
export const COORDINATION_PORTS = { datagrams: 7001, join: 7002 } as const;

/** One call of a node that its cluster does not know yet to a member that takes joins. */
export interface JoinCall {
  /** Of its coordination service, and what opens that; or where it listens directly. */
  readonly coordination: OnionAddress | null;
  readonly clientAuthorization: Curve25519SecretKey;
  readonly direct: string | null;
  readonly frame: Uint8Array;
  /** Calls of different numbers take different circuits. */
  readonly attempt: number;
}

/** A file without which the next start fails. */
export interface KeyFileFault {
  readonly path: string;
  /** What names it in the configuration. */
  readonly key: string;
  readonly state: 'missing' | 'damaged' | 'unreadable';
  readonly reason: string;
}

export const wgMessages = {
  'wg.status': fact<{ readonly transports: readonly TransportStatus[] }>(),
  /** Null: this node has no coordination service. */
  'wg.coordination': fact<{ readonly service: CoordinationService | null }>(),
  /** Calls a member for a join of this node's own; the frame that came back, or why none did. */
  'wg.call-join': request<
    JoinCall,
    | { readonly frame: Uint8Array; readonly problem: null }
    | { readonly frame: null; readonly problem: string }
  >(),
  'wg.datagram': signal<ReceivedDatagram>(),
  /** Sends one sealed datagram to a node over the best transport that is up, or over the one named. */
  'wg.send': order<{ readonly to: NodeId; readonly bytes: Uint8Array; readonly via: TransportName | null }>(),
  /** A repair: takes the tunnel interface down and makes it anew. */
  'wg.rebuild': order<{ readonly reason: string }>(),
  /** What is wrong with the files of the secrets that this actor holds. */
  'wg.key-faults': request<Readonly<Record<string, never>>, { readonly files: readonly KeyFileFault[] }>(),
  /** A repair: writes the file of this name (`section.key`) again from memory. */
  'wg.restore-key': order<{ readonly key: string; readonly reason: string }>(),
  /** A repair: drops what leads to this node and makes it anew, over other circuits where it goes by Tor. */
  'wg.reconnect-peer': order<{ readonly id: NodeId }>(),
} as const;
