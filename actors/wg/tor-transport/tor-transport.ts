import type { Duplex } from 'node:stream';
import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../../kernel/brands.js';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import { errorData } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logging.js';
import { between } from '../../kernel/random.js';
import type { Random } from '../../kernel/random.js';
import type { StreamAddress } from '../../kernel/stream-address.js';
import { DatagramTally } from '../datagram-tally.js';
import { COORDINATION_PORTS, LARGEST_DATAGRAM } from '../messages.js';
import type { TransportStatus } from '../messages.js';
import type { DropReason, SendOutcome, Transport, TransportEvents } from '../transport.js';
import type { ListenUnix, UnixListener } from '../unix-listener.js';
import { InboundStreams } from './inbound-streams.js';
import { OutboundStream } from './outbound-stream.js';

export interface TorTransportWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly listen: ListenUnix;
  /** Opens a stream through Tor's SOCKS port; streams of different isolation never share a circuit. */
  readonly dial: (
    to: {
      readonly socks: StreamAddress;
      readonly address: OnionAddress;
      readonly port: number;
      readonly isolation: string;
    },
    signal: AbortSignal,
  ) => Promise<Duplex>;
}

/** Waits before the socket is opened again: doubled from the first to the longest, jittered. */
const FIRST_RELISTEN_MS = 100;
const LONGEST_RELISTEN_MS = 5000;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

interface Way {
  readonly address: OnionAddress;
  readonly stream: OutboundStream;
}

/**
 * Datagrams as frames on streams to the peers' coordination services. A stream proves nothing, so who made one to us is
 * nobody's answer: what goes to a peer goes over the stream that we made to its address.
 */
export class TorTransport implements Transport {
  readonly name = 'tor';
  readonly #path: string;
  readonly #world: TorTransportWorld;
  readonly #events: TransportEvents;
  readonly #inbound: InboundStreams;
  readonly #tally = new DatagramTally();
  #listener: UnixListener | null = null;
  /** Of opening the listener: what an earlier one's listener says is of no interest. */
  #attempt = 0;
  #cancelRelisten: CancelTimer | null = null;
  #tries = 0;
  #socks: StreamAddress | null = null;
  #peers: ReadonlyMap<NodeId, OnionAddress> = new Map();
  readonly #ways = new Map<NodeId, Way>();
  #closed = false;

  /** @param path of the unix socket behind virtual port 7001 */
  constructor(path: string, world: TorTransportWorld, events: TransportEvents) {
    this.#path = path;
    this.#world = world;
    this.#events = events;
    this.#inbound = new InboundStreams({
      clock: world.clock,
      datagram: (bytes) => {
        this.#tally.received();
        events.datagram(bytes);
      },
      dropped: (reason) => {
        this.#tally.drop(reason);
      },
    });
  }

  /** A socket that cannot be opened now is tried again: Tor is as slow to come, and the node serves without. */
  async open(): Promise<void> {
    await this.#listen();
  }

  /** Where Tor's SOCKS port is; null while Tor is not up. */
  useSocks(socks: StreamAddress | null): void {
    const isSame = JSON.stringify(socks) === JSON.stringify(this.#socks);
    this.#socks = socks;
    if (isSame) return;
    // Streams through a Tor that ended are gone; those that are being made would wait in vain.
    for (const { stream } of this.#ways.values()) stream.close();
    this.#ways.clear();
    this.#makeWays();
    this.#events.changed();
  }

  /** The coordination addresses of all peers. */
  usePeers(peers: ReadonlyMap<NodeId, OnionAddress>): void {
    this.#peers = peers;
    for (const [id, { address, stream }] of this.#ways) {
      if (peers.get(id) === address) continue;
      stream.close();
      this.#ways.delete(id);
    }
    this.#makeWays();
  }

  /** A fresh stream over fresh circuits, at once and without the waits of the one before. */
  reconnect(to: NodeId): void {
    this.#ways.get(to)?.stream.close();
    this.#ways.delete(to);
    this.#makeWays();
  }

  send(to: NodeId, bytes: Uint8Array): SendOutcome {
    if (bytes.length === 0 || bytes.length > LARGEST_DATAGRAM) return 'too-large';
    if (!this.#peers.has(to)) return 'no-route';
    const way = this.#ways.get(to);
    if (!this.#isUp() || way === undefined) return 'down';
    way.stream.send(bytes);
    this.#tally.sent();
    return 'sent';
  }

  status(): TransportStatus {
    return {
      transport: this.name,
      state: this.#isUp() ? 'up' : 'down',
      local: this.#listener === null ? null : `unix:${this.#path}`,
      ...this.#tally.figures,
    };
  }

  drops(): Readonly<Partial<Record<DropReason, number>>> {
    return this.#tally.drops;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelRelisten?.();
    this.#listener?.close();
    this.#listener = null;
    this.#inbound.close();
    for (const { stream } of this.#ways.values()) stream.close();
    this.#ways.clear();
    return Promise.resolve();
  }

  #isUp(): boolean {
    return !this.#closed && this.#listener !== null && this.#socks !== null;
  }

  #makeWays(): void {
    const socks = this.#socks;
    if (socks === null || this.#closed) return;
    for (const [id, address] of this.#peers) {
      if (!this.#ways.has(id)) this.#ways.set(id, { address, stream: this.#streamTo(socks, id, address) });
    }
  }

  #streamTo(socks: StreamAddress, id: NodeId, address: OnionAddress): OutboundStream {
    const { clock, random, dial } = this.#world;
    // A fresh name for each attempt: what did not work over one circuit is tried over another.
    const run = Buffer.from(random.bytes(8)).toString('hex');
    return new OutboundStream({
      clock,
      random,
      dial: (attempt, signal) =>
        dial(
          {
            socks,
            address,
            port: COORDINATION_PORTS.datagrams,
            isolation: `coordination ${run} ${String(attempt)}`,
          },
          signal,
        ),
      dropped: () => {
        this.#tally.drop('queue');
      },
      failed: (reason) => {
        this.#tally.lastError = reason;
        this.#world.log.debug('stream over Tor ended', { peer: id, reason });
      },
    });
  }

  async #listen(): Promise<void> {
    const attempt = ++this.#attempt;
    // Streams may come before listen() has resolved: a socket takes them from its first moment.
    const isCurrent = (): boolean => !this.#closed && attempt === this.#attempt;
    try {
      const listener = await this.#world.listen(this.#path, {
        stream: (socket) => {
          if (isCurrent()) this.#inbound.take(socket);
          else socket.destroy();
        },
        failed: (code) => {
          if (isCurrent()) this.#fail(code);
        },
      });
      if (!isCurrent()) {
        listener.close();
        return;
      }
      this.#listener = listener;
      this.#tries = 0;
    } catch (error) {
      if (isCurrent()) this.#fail(codeOf(error));
    }
    this.#events.changed();
  }

  #fail(code: string): void {
    this.#attempt++;
    this.#tally.lastError = code;
    this.#listener?.close();
    this.#listener = null;
    if (this.#closed) return;
    if (this.#tries === 0) {
      const error = errorData('transport.stream-socket-failed', this.#path, { reason: code });
      this.#world.log.warn(error.what, {}, error);
    }
    const wait = Math.min(LONGEST_RELISTEN_MS, FIRST_RELISTEN_MS * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 16);
    this.#cancelRelisten = this.#world.clock.after(between(this.#world.random, wait / 2, wait), () => {
      void this.#listen();
    });
    this.#events.changed();
  }
}
