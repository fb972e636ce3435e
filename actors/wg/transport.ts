import type { NodeId } from '../kernel/brands.js';
import type { TransportName, TransportStatus } from './messages.js';

/** Where a datagram went: `sent` means handed to the system, not that it arrived. */
export type SendOutcome = 'sent' | 'too-large' | 'no-route' | 'down';

/** Why a transport dropped what arrived; `queue`: what was to be sent waited in vain. */
export type DropReason = 'empty' | 'too-large' | 'rate' | 'queue';

/** What a transport tells its owner. */
export interface TransportEvents {
  /** A datagram of 1 … LARGEST_DATAGRAM bytes arrived from anybody at all; the bytes are the receiver's to keep. */
  datagram(bytes: Uint8Array): void;
  /** The status changed in more than its counters. */
  changed(): void;
}

/**
 * A way to bring datagrams of at most LARGEST_DATAGRAM bytes to other nodes: unordered, lossy, and proving nothing
 * about who sent what. All implementations pass one compliance suite.
 */
export interface Transport {
  readonly name: TransportName;
  /**
   * Begins to send and receive. What fails later is mended by the transport itself, with back-off.
   *
   * @throws RbError transport.bind-failed
   */
  open(): Promise<void>;
  /** What else inspection shows: nothing secret. */
  details?(): Readonly<Record<string, string | number | null>>;
  /** A repair: makes anew what this transport is built on. */
  rebuild?(): void;
  /** A repair: makes anew what leads to this node. */
  reconnect?(to: NodeId): void;
  send(to: NodeId, bytes: Uint8Array): SendOutcome;
  status(): TransportStatus;
  /** Dropped datagrams by reason, for inspection and metrics. */
  drops(): Readonly<Partial<Record<DropReason, number>>>;
  /** Ends it, but for what the next incarnation finds and goes on with; absent: there is nothing of that kind. */
  handOver?(): Promise<void>;
  /** Ends it for good; calling it again does nothing. */
  close(): Promise<void>;
}
