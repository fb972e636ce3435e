import type { Duplex } from 'node:stream';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import { LARGEST_DATAGRAM } from '../messages.js';
import { fullBucket, takeToken } from '../../kernel/token-bucket.js';
import type { BucketSize, TokenBucket } from '../../kernel/token-bucket.js';
import { FrameReader } from './frames.js';

export interface InboundWorld {
  readonly clock: Clock;
  datagram(bytes: Uint8Array): void;
  dropped(reason: 'too-large' | 'rate'): void;
}

/**
 * Streams at a time: one for each of 208 members that a descriptor can authorize, and some that linger. Nobody can be
 * told from anybody else, so beyond it the one that has been silent for longest ends: peers speak every second.
 */
const MOST_STREAMS = 256;
/** As of a peer's address elsewhere; see receive-limits.ts. */
const STREAM: BucketSize = { perSecond: 500, burst: 1000 };
const ALL: BucketSize = { perSecond: 5000, burst: 5000 };
/** A peer sends something at least every 45 s. */
const IDLE_MS = 180_000;
const LOOK_EVERY_MS = 30_000;

interface Inbound {
  readonly stream: Duplex;
  heardAtMs: number;
  bucket: TokenBucket;
}

/** The streams that others made to us: datagrams come out of them, nothing goes back. */
export class InboundStreams {
  readonly #world: InboundWorld;
  readonly #most: number;
  /** The one that was heard longest ago first. */
  readonly #streams = new Map<Duplex, Inbound>();
  #all: TokenBucket;
  #cancelLook: CancelTimer = () => undefined;

  constructor(world: InboundWorld, most: number = MOST_STREAMS) {
    this.#world = world;
    this.#most = most;
    this.#all = fullBucket(ALL, world.clock.monotonicMs());
    this.#lookLater();
  }

  get size(): number {
    return this.#streams.size;
  }

  take(stream: Duplex): void {
    const nowMs = this.#world.clock.monotonicMs();
    const inbound: Inbound = { stream, heardAtMs: nowMs, bucket: fullBucket(STREAM, nowMs) };
    const reader = new FrameReader(LARGEST_DATAGRAM);
    this.#streams.set(stream, inbound);
    stream.on('error', () => undefined);
    stream.once('end', () => stream.destroy());
    stream.once('close', () => this.#streams.delete(stream));
    stream.on('data', (chunk: Uint8Array) => {
      const { frames, tooLong } = reader.push(chunk);
      if (frames.length > 0) this.#heard(inbound);
      for (const frame of frames) this.#frame(inbound, frame);
      if (!tooLong) return;
      this.#world.dropped('too-large');
      stream.destroy();
    });
    for (const oldest of this.#streams.keys()) {
      if (this.#streams.size <= this.#most) break;
      this.#end(oldest);
    }
  }

  close(): void {
    this.#cancelLook();
    for (const stream of this.#streams.keys()) this.#end(stream);
  }

  #heard(inbound: Inbound): void {
    inbound.heardAtMs = this.#world.clock.monotonicMs();
    if (this.#streams.delete(inbound.stream)) this.#streams.set(inbound.stream, inbound);
  }

  #frame(inbound: Inbound, bytes: Uint8Array): void {
    const nowMs = this.#world.clock.monotonicMs();
    const own = takeToken(inbound.bucket, STREAM, nowMs);
    inbound.bucket = own.bucket;
    if (own.granted) {
      const { bucket, granted } = takeToken(this.#all, ALL, nowMs);
      this.#all = bucket;
      if (granted) {
        if (bytes.length > 0) this.#world.datagram(bytes);
        return;
      }
    }
    this.#world.dropped('rate');
  }

  #end(stream: Duplex): void {
    this.#streams.delete(stream);
    stream.destroy();
  }

  #lookLater(): void {
    this.#cancelLook = this.#world.clock.after(LOOK_EVERY_MS, () => {
      const nowMs = this.#world.clock.monotonicMs();
      for (const { stream, heardAtMs } of [...this.#streams.values()]) {
        if (nowMs - heardAtMs > IDLE_MS) this.#end(stream);
      }
      this.#lookLater();
    });
  }
}
