import type { NodeId } from '../kernel/brands.js';
import type { CancelTimer, Clock } from '../kernel/clock.js';
import type { HostPort } from '../kernel/config/host-port.js';
import { errorData, rbError } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { between } from '../kernel/random.js';
import type { Random } from '../kernel/random.js';
import type { DirectEndpoints } from './endpoints.js';
import { LARGEST_DATAGRAM } from './messages.js';
import type { TransportStatus } from './messages.js';
import { receiveLimits, sourceKey } from './receive-limits.js';
import type { DropReason, SendOutcome, Transport, TransportEvents } from './transport.js';
import type { OpenUdp, UdpSocket } from './udp-socket.js';

export interface DirectWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly openUdp: OpenUdp;
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

/** UDP between nodes on a network that exists already. */
export class DirectTransport implements Transport {
  readonly name = 'direct';
  readonly #endpoints: DirectEndpoints;
  readonly #world: DirectWorld;
  readonly #events: TransportEvents;
  readonly #limits;
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  #socket: UdpSocket | null = null;
  #cancelRebind: CancelTimer | null = null;
  #tries = 0;
  #closed = false;
  #sent = 0;
  #received = 0;
  #lastError: string | null = null;

  constructor(endpoints: DirectEndpoints, world: DirectWorld, events: TransportEvents) {
    this.#endpoints = endpoints;
    this.#world = world;
    this.#events = events;
    const known = new Set([...endpoints.peers.values()].map(sourceKey));
    this.#limits = receiveLimits(known, world.clock.monotonicMs());
  }

  async open(): Promise<void> {
    try {
      await this.#bind();
    } catch (error) {
      const reason = codeOf(error);
      const detail = { key: 'direct.listen', reason, remedy: remedy(reason) };
      throw rbError('transport.bind-failed', 'direct.listen', detail, error);
    }
  }

  async #bind(): Promise<void> {
    // Events of a socket that was given up already must not touch its successor.
    let current: UdpSocket | null = null;
    const isCurrent = (): boolean => current !== null && this.#socket === current;
    const socket = await this.#world.openUdp(this.#endpoints.listen, {
      datagram: (bytes, from) => {
        if (isCurrent()) this.#receive(bytes, from);
      },
      failed: (code) => {
        if (isCurrent()) this.#fail(code);
      },
    });
    if (this.#closed) {
      socket.close();
      return;
    }
    current = socket;
    this.#socket = socket;
    this.#tries = 0;
    this.#events.changed();
  }

  #receive(bytes: Uint8Array, from: HostPort): void {
    if (bytes.length === 0) this.#drop('empty');
    else if (bytes.length > LARGEST_DATAGRAM) this.#drop('too-large');
    else if (!this.#limits.admit(from, this.#world.clock.monotonicMs())) this.#drop('rate');
    else {
      this.#received++;
      this.#events.datagram(bytes);
    }
  }

  #drop(reason: DropReason): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  #fail(code: string): void {
    this.#lastError = code;
    this.#socket?.close();
    this.#socket = null;
    const error = errorData('transport.socket-failed', 'direct', { reason: code });
    this.#world.log.warn(error.what, {}, error);
    this.#rebindLater();
    this.#events.changed();
  }

  #rebindLater(): void {
    if (this.#closed) return;
    const wait = Math.min(LONGEST_REBIND_MS, FIRST_REBIND_MS * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 16);
    this.#cancelRebind = this.#world.clock.after(between(this.#world.random, wait / 2, wait), () => {
      this.#bind().catch((error: unknown) => {
        this.#lastError = codeOf(error);
        this.#events.changed();
        this.#rebindLater();
      });
    });
  }

  send(to: NodeId, bytes: Uint8Array): SendOutcome {
    if (bytes.length === 0 || bytes.length > LARGEST_DATAGRAM) return 'too-large';
    const endpoint = this.#endpoints.peers.get(to);
    if (endpoint === undefined) return 'no-route';
    if (this.#socket === null) return 'down';
    this.#socket.send(bytes, endpoint, (code) => {
      // An unreachable network or a full buffer loses this datagram; the socket itself is good for the next.
      this.#lastError = code;
    });
    this.#sent++;
    return 'sent';
  }

  status(): TransportStatus {
    return {
      transport: this.name,
      state: this.#socket === null ? 'down' : 'up',
      local: this.#socket === null ? null : written(this.#socket.local),
      sent: this.#sent,
      received: this.#received,
      dropped: Object.values(this.#dropped).reduce((sum, count) => sum + count, 0),
      lastError: this.#lastError,
    };
  }

  drops(): Readonly<Partial<Record<DropReason, number>>> {
    return { ...this.#dropped };
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelRebind?.();
    this.#socket?.close();
    this.#socket = null;
    return Promise.resolve();
  }
}
