import type { NodeId } from '../kernel/brands.js';
import type { CancelTimer, Clock } from '../kernel/clock.js';
import type { HostPort } from '../kernel/stream-address.js';
import { errorData, rbError } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { between } from '../kernel/random.js';
import type { Random } from '../kernel/random.js';
import { DatagramTally } from './datagram-tally.js';
import { LARGEST_DATAGRAM } from './messages.js';
import type { TransportName, TransportStatus } from './messages.js';
import { receiveLimits, sourceKey } from './receive-limits.js';
import type { ReceiveLimits } from './receive-limits.js';
import type { DropReason, SendOutcome, Transport, TransportEvents } from './transport.js';
import type { OpenUdp, UdpSocket } from './udp-socket.js';

export interface UdpWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly openUdp: OpenUdp;
}

/** Which transport it is, and the configuration key that says where it listens. */
export interface UdpTransportOptions {
  readonly name: TransportName;
  readonly key: string;
  readonly listen: HostPort;
  readonly peers: ReadonlyMap<NodeId, HostPort>;
  /** A datagram could not be handed to the system. */
  readonly sendFailed?: (code: string) => void;
}

/** Waits before the socket is opened again: doubled from the first to the longest, jittered. */
const FIRST_REBIND_MS = 100;
const LONGEST_REBIND_MS = 5000;

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program, or another rustbalance, uses this port: stop it or choose another port.',
  EADDRNOTAVAIL: 'This machine has no such address: see ip address, or start after the network is up.',
  EACCES: 'Ports below 1024 need a privilege: choose a higher one.',
};

const remedy = (code: string): string => REMEDIES[code] ?? 'Check the address and that the network is up.';

const written = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message.slice(0, 100)) : 'unknown';

/** Datagrams by UDP: what the direct transport and the one through tunnels have in common. */
export class UdpTransport implements Transport {
  readonly name: TransportName;
  readonly #options: UdpTransportOptions;
  readonly #world: UdpWorld;
  readonly #events: TransportEvents;
  #peers: ReadonlyMap<NodeId, HostPort>;
  #limits: ReceiveLimits;
  /** Why it has no socket on purpose, until rebind(). */
  #suspended: string | null = null;
  readonly #tally = new DatagramTally();
  #socket: UdpSocket | null = null;
  #cancelRebind: CancelTimer | null = null;
  #tries = 0;
  /** A bind that was overtaken by a later one counts for nothing. */
  #attempt = 0;
  #closed = false;

  constructor(options: UdpTransportOptions, world: UdpWorld, events: TransportEvents) {
    this.name = options.name;
    this.#options = options;
    this.#world = world;
    this.#events = events;
    this.#peers = options.peers;
    this.#limits = this.#limitsFor(options.peers);
  }

  #limitsFor(peers: ReadonlyMap<NodeId, HostPort>): ReceiveLimits {
    return receiveLimits(new Set([...peers.values()].map(sourceKey)), this.#world.clock.monotonicMs());
  }

  /** Replaces the peers; those that stay notice nothing. */
  setPeers(peers: ReadonlyMap<NodeId, HostPort>): void {
    const written = (map: ReadonlyMap<NodeId, HostPort>): string =>
      [...map].map(([id, at]) => `${id} ${sourceKey(at)}`).join('\n');
    if (written(peers) !== written(this.#peers)) this.#limits = this.#limitsFor(peers);
    this.#peers = peers;
  }

  /** What carries the datagrams is broken: no socket until rebind(). */
  suspend(reason: string): void {
    this.#tally.lastError = reason;
    if (this.#suspended === null && !this.#closed) {
      this.#suspended = reason;
      this.#letGo();
      this.#events.changed();
    }
    this.#suspended = reason;
  }

  /** Binds anew: what carries the datagrams was made anew. */
  rebind(): void {
    this.#suspended = null;
    if (this.#closed) return;
    this.#letGo();
    this.#tries = 0;
    this.#bindOrRetry();
  }

  get suspended(): boolean {
    return this.#suspended !== null;
  }

  #letGo(): void {
    this.#cancelRebind?.();
    this.#cancelRebind = null;
    this.#socket?.close();
    this.#socket = null;
  }

  async open(): Promise<void> {
    try {
      await this.#bind();
    } catch (error) {
      const reason = codeOf(error);
      const { key } = this.#options;
      throw rbError('transport.bind-failed', key, { key, reason, remedy: remedy(reason) }, error);
    }
  }

  async #bind(): Promise<void> {
    const attempt = ++this.#attempt;
    // Events of a socket that was given up already must not touch its successor.
    let current: UdpSocket | null = null;
    const isCurrent = (): boolean => current !== null && this.#socket === current;
    const socket = await this.#world.openUdp(this.#options.listen, {
      datagram: (bytes, from) => {
        if (isCurrent()) this.#receive(bytes, from);
      },
      failed: (code) => {
        if (isCurrent()) this.#fail(code);
      },
    });
    if (this.#closed || this.#suspended !== null || attempt !== this.#attempt) {
      socket.close();
      return;
    }
    current = socket;
    this.#socket = socket;
    this.#tries = 0;
    this.#events.changed();
  }

  #receive(bytes: Uint8Array, from: HostPort): void {
    if (bytes.length === 0) this.#tally.drop('empty');
    else if (bytes.length > LARGEST_DATAGRAM) this.#tally.drop('too-large');
    else if (!this.#limits.admit(from, this.#world.clock.monotonicMs())) this.#tally.drop('rate');
    else {
      this.#tally.received();
      // What is dropped was never copied: in a flood, what is thrown away is what the garbage collector works for.
      this.#events.datagram(Uint8Array.from(bytes));
    }
  }

  #fail(code: string): void {
    this.#tally.lastError = code;
    this.#socket?.close();
    this.#socket = null;
    const error = errorData('transport.socket-failed', this.name, { reason: code });
    this.#world.log.warn(error.what, {}, error);
    this.#rebindLater();
    this.#events.changed();
  }

  #rebindLater(): void {
    if (this.#closed || this.#suspended !== null) return;
    const wait = Math.min(LONGEST_REBIND_MS, FIRST_REBIND_MS * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 16);
    this.#cancelRebind = this.#world.clock.after(between(this.#world.random, wait / 2, wait), () => {
      this.#bindOrRetry();
    });
  }

  #bindOrRetry(): void {
    const attempt = this.#attempt + 1;
    this.#bind().catch((error: unknown) => {
      if (attempt !== this.#attempt) return;
      this.#tally.lastError = codeOf(error);
      this.#events.changed();
      this.#rebindLater();
    });
  }

  send(to: NodeId, bytes: Uint8Array): SendOutcome {
    if (bytes.length === 0 || bytes.length > LARGEST_DATAGRAM) return 'too-large';
    const endpoint = this.#peers.get(to);
    if (endpoint === undefined) return 'no-route';
    if (this.#socket === null) return 'down';
    this.#socket.send(bytes, endpoint, (code) => {
      // An unreachable network or a full buffer loses this datagram; the socket itself is good for the next.
      this.#tally.lastError = code;
      this.#options.sendFailed?.(code);
    });
    this.#tally.sent();
    return 'sent';
  }

  status(): TransportStatus {
    return {
      transport: this.name,
      state: this.#socket === null ? 'down' : 'up',
      local: this.#socket === null ? null : written(this.#socket.local),
      ...this.#tally.figures,
    };
  }

  drops(): Readonly<Partial<Record<DropReason, number>>> {
    return this.#tally.drops;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#letGo();
    return Promise.resolve();
  }
}
