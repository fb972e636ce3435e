import type { Duplex } from 'node:stream';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import { between } from '../../kernel/random.js';
import type { Random } from '../../kernel/random.js';
import { encodeFrame } from './frames.js';

/** Makes a stream to the peer; `attempt` counts from 0, and each has circuits of its own. */
export type Dial = (attempt: number, signal: AbortSignal) => Promise<Duplex>;

export interface OutboundWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
  /** A datagram was given up: it waited too long, or too many came after it. */
  dropped(): void;
  /** Why the stream ended or could not be made, in a word. */
  failed(reason: string): void;
}

/**
 * Datagrams that wait for the stream. A first circuit takes 1-5 s, in which a peer is sent some four a second; more
 * would only bring it what is not true any more.
 */
const MOST_WAITING = 64;
const LONGEST_WAIT_MS = 10_000;
/** Bytes that may wait in the socket: what Tor does not take is better dropped here than sent late. */
const MOST_BUFFERED = 32 * 1024;
/** A socket that takes nothing for this long leads nowhere. */
const STALLED_MS = 15_000;
/** Rendezvous takes 1-5 s, up to 20 s over bad circuits; Tor itself gives up after 120 s (SocksTimeout). */
const DIAL_TIMEOUT_MS = 30_000;
/** Waits before the next attempt: doubled from the first to the longest, jittered. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A stream that lived this long was a good one. */
const GOOD_AFTER_MS = 30_000;
/** An idle stream says that it is in use, well within the other side's limit. */
export const KEEPALIVE_MS = 45_000;

const KEEPALIVE = encodeFrame(new Uint8Array());

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, 100);
};

/** The long-lived stream to one peer, over which everything for it goes; made anew whenever it ends. */
export class OutboundStream {
  readonly #world: OutboundWorld;
  #stream: Duplex | null = null;
  #waiting: { readonly frame: Uint8Array; readonly atMs: number }[] = [];
  #abort: AbortController | null = null;
  #cancelTimer: CancelTimer = () => undefined;
  #attempt = 0;
  #failures = 0;
  #openedAtMs = 0;
  #writtenAtMs = 0;
  #blockedSinceMs: number | null = null;
  #closed = false;

  constructor(world: OutboundWorld) {
    this.#world = world;
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#stream !== null;
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#waiting.push({ frame: encodeFrame(bytes), atMs: this.#world.clock.monotonicMs() });
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#world.dropped();
    }
    this.#flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    this.#abort?.abort(new Error('closed'));
    this.#stream?.destroy();
    this.#stream = null;
    this.#waiting = [];
  }

  #connect(): void {
    const abort = new AbortController();
    this.#abort = abort;
    this.#cancelTimer();
    this.#cancelTimer = this.#world.clock.after(DIAL_TIMEOUT_MS, () => {
      abort.abort(new Error('timeout'));
    });
    this.#world.dial(this.#attempt++, abort.signal).then(
      (stream) => {
        if (this.#closed || abort.signal.aborted) stream.destroy();
        else this.#opened(stream);
        if (!this.#closed && abort.signal.aborted) this.#retryLater(abort.signal.reason);
      },
      (error: unknown) => {
        this.#retryLater(error);
      },
    );
  }

  #opened(stream: Duplex): void {
    const nowMs = this.#world.clock.monotonicMs();
    this.#cancelTimer();
    this.#stream = stream;
    this.#openedAtMs = nowMs;
    this.#writtenAtMs = nowMs;
    this.#blockedSinceMs = null;
    let reason: unknown = new Error('ended');
    stream.on('error', (error) => {
      reason = error;
    });
    // Nothing is expected on it; what comes is read away, so that the end is seen.
    stream.resume();
    stream.once('end', () => stream.destroy());
    stream.once('close', () => {
      if (this.#stream !== stream) return;
      this.#stream = null;
      if (this.#world.clock.monotonicMs() - this.#openedAtMs >= GOOD_AFTER_MS) this.#failures = 0;
      this.#retryLater(reason);
    });
    stream.on('drain', () => {
      this.#blockedSinceMs = null;
      this.#flush();
    });
    this.#flush();
    this.#watch(stream);
  }

  /** Keeps an idle stream in use, and ends one that takes nothing any more. */
  #watch(stream: Duplex): void {
    this.#cancelTimer = this.#world.clock.after(STALLED_MS, () => {
      if (this.#stream !== stream) return;
      const nowMs = this.#world.clock.monotonicMs();
      if (this.#blockedSinceMs !== null && nowMs - this.#blockedSinceMs >= STALLED_MS) {
        stream.destroy(new Error('stalled'));
        return;
      }
      if (nowMs - this.#writtenAtMs >= KEEPALIVE_MS - STALLED_MS) this.#write(stream, KEEPALIVE);
      this.#flush();
      this.#watch(stream);
    });
  }

  #flush(): void {
    const nowMs = this.#world.clock.monotonicMs();
    while (this.#waiting[0] !== undefined && nowMs - this.#waiting[0].atMs > LONGEST_WAIT_MS) {
      this.#waiting.shift();
      this.#world.dropped();
    }
    const stream = this.#stream;
    if (stream === null) return;
    stream.cork();
    while (this.#waiting[0] !== undefined && stream.writableLength < MOST_BUFFERED) {
      this.#write(stream, this.#waiting.shift()?.frame ?? KEEPALIVE);
    }
    stream.uncork();
  }

  #write(stream: Duplex, frame: Uint8Array): void {
    this.#writtenAtMs = this.#world.clock.monotonicMs();
    if (!stream.write(frame)) this.#blockedSinceMs ??= this.#writtenAtMs;
  }

  #retryLater(error: unknown): void {
    if (this.#closed) return;
    this.#world.failed(reasonOf(error));
    this.#cancelTimer();
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#cancelTimer = this.#world.clock.after(between(this.#world.random, wait / 2, wait), () => {
      this.#connect();
    });
  }
}
