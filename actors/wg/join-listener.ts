import type { Duplex } from 'node:stream';
import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import type { Clock } from '../kernel/clock.js';
import type { Random } from '../kernel/random.js';
import { encodeFrame, FrameReader } from './tor-transport/frames.js';
import { fullBucket, takeToken } from '../kernel/token-bucket.js';
import type { BucketSize, TokenBucket } from '../kernel/token-bucket.js';
import type { ListenUnix, UnixListener } from './unix-listener.js';

/** The answer's size, whatever it says: the handshake pads to it. Part of the protocol. */
export const JOIN_ANSWER_BYTES = 16 * 1024;
/** An answer begins with the public key that was made for it. */
const KEY_BYTES = 32;
/** The most that a request has: names, keys, addresses. */
const LONGEST_REQUEST = 4096;
/** From the stream's first moment to its whole request, over a slow circuit. */
const REQUEST_WITHIN_MS = 10_000;
/**
 * Every answer, good or bad, leaves this long after its request; one that takes longer leaves on a later multiple. The
 * lease holder is asked over Tor in between, which takes 0.5-2 s, so most honest joins end at the first; a refusal, which
 * is known at once, cannot be told from them. Lower and slow admissions show, higher and every join waits for it.
 */
const ANSWER_AFTER_MS = 3_000;
/** A join that has no answer by then gets the refusal; the joiner comes again. */
const MOST_STEPS = 5;
/** For the answer to cross a slow circuit, and the joiner to close. */
const FLUSH_WITHIN_MS = 20_000;
/** A join takes some 4 s; more at once are somebody who tries. Each costs a curve operation or two. */
const MOST_STREAMS = 8;
const RATE: BucketSize = { perSecond: 0.5, burst: 20 };

export interface JoinWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly listen: ListenUnix;
  /** What the frame is answered with, JOIN_ANSWER_BYTES; null when the join is refused, for whatever reason. */
  readonly answer: (frame: Uint8Array) => Promise<Uint8Array | null>;
  /** The socket is of no use; it is for the owner to open it again. */
  readonly failed: (code: string) => void;
}

/** How streams ended, for inspection and metrics. */
export interface JoinCounts {
  readonly streams: number;
  readonly answered: number;
  readonly refused: number;
  /** Too many at once, or too many a minute: closed without a word. */
  readonly crowded: number;
  /** No whole request of allowed size came in time: answered like a refused one. */
  readonly malformed: number;
}

/** When an answer that is ready `tookMs` after its request leaves, ms after the request: a multiple of the delay. */
export const answerAtMs = (tookMs: number): number =>
  Math.max(1, Math.ceil(tookMs / ANSWER_AFTER_MS)) * ANSWER_AFTER_MS;

/** What nobody can tell from an answer to somebody else: a point of the curve, where random bytes are none half the time. */
const noiseOf = (random: Random): Uint8Array => {
  const noise = random.bytes(JOIN_ANSWER_BYTES);
  noise.set(curve25519PublicKey(random.bytes(KEY_BYTES) as Curve25519SecretKey));
  return noise;
};

/**
 * Takes joins: streams behind virtual port 7002, each with one request frame and one answer frame. From outside, every
 * failure looks like every other and like a success to somebody else: as many bytes that say nothing, at the same time.
 */
export class JoinListener {
  readonly #world: JoinWorld;
  readonly #streams = new Set<Duplex>();
  readonly #counts = { answered: 0, refused: 0, crowded: 0, malformed: 0 };
  #rate: TokenBucket;
  #listener: UnixListener | null = null;
  #closed = false;

  constructor(world: JoinWorld) {
    this.#world = world;
    this.#rate = fullBucket(RATE, world.clock.monotonicMs());
  }

  /** Rejects with an Error that has a system `code`. */
  async open(path: string): Promise<void> {
    const listener = await this.#world.listen(path, {
      stream: (socket) => {
        this.#take(socket);
      },
      failed: (code) => {
        this.#world.failed(code);
      },
    });
    if (this.#closed) listener.close();
    else this.#listener = listener;
  }

  get counts(): JoinCounts {
    return { streams: this.#streams.size, ...this.#counts };
  }

  close(): void {
    this.#closed = true;
    this.#listener?.close();
    this.#listener = null;
    for (const socket of this.#streams) socket.destroy();
  }

  #take(socket: Duplex): void {
    const { clock } = this.#world;
    socket.on('error', () => undefined);
    if (this.#closed || this.#streams.size >= MOST_STREAMS || !this.#mayBegin()) {
      // Noise for these would be made and held for seconds, as many as come, which is what the two bounds are against. The
      // difference tells nothing but that many came: not a byte of them was read.
      this.#counts.crowded++;
      socket.destroy();
      return;
    }
    this.#streams.add(socket);
    const reader = new FrameReader(LONGEST_REQUEST);
    let isRequested = false;
    /** @param request null when none of allowed size can come any more */
    const requested = (request: Uint8Array | null): void => {
      isRequested = true;
      cancelDeadline();
      if (request === null) this.#counts.malformed++;
      void this.#reply(socket, request);
    };
    const cancelDeadline = clock.after(REQUEST_WITHIN_MS, () => {
      requested(null);
    });
    socket.once('close', () => {
      cancelDeadline();
      this.#streams.delete(socket);
    });
    socket.on('data', (chunk: Uint8Array) => {
      // Whatever comes after the one request is read away.
      if (isRequested) return;
      const { frames, tooLong } = reader.push(chunk);
      const [request] = frames;
      if (request !== undefined) requested(request.length === 0 ? null : request);
      else if (tooLong) requested(null);
    });
  }

  #mayBegin(): boolean {
    const { bucket, granted } = takeToken(this.#rate, RATE, this.#world.clock.monotonicMs());
    this.#rate = bucket;
    return granted;
  }

  async #reply(socket: Duplex, request: Uint8Array | null): Promise<void> {
    const { clock, random, answer } = this.#world;
    const startedMs = clock.monotonicMs();
    // Made in either case, so that a refusal costs what an answer costs: 0.4 ms, as often as RATE allows.
    const noise = noiseOf(random);
    const given = request === null ? null : await this.#inTime(answer(request));
    const isGood = given?.length === JOIN_ANSWER_BYTES;
    const tookMs = clock.monotonicMs() - startedMs;
    clock.after(answerAtMs(tookMs) - tookMs, () => {
      if (socket.destroyed) return;
      if (isGood) this.#counts.answered++;
      else if (request !== null) this.#counts.refused++;
      socket.end(encodeFrame(isGood ? given : noise));
      socket.once(
        'close',
        clock.after(FLUSH_WITHIN_MS, () => socket.destroy()),
      );
    });
  }

  /** Null when it fails or takes too long. */
  #inTime(answer: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    return new Promise((resolve) => {
      const cancel = this.#world.clock.after(MOST_STEPS * ANSWER_AFTER_MS, () => {
        resolve(null);
      });
      answer.then(
        (given) => {
          cancel();
          resolve(given);
        },
        () => {
          cancel();
          resolve(null);
        },
      );
    });
  }
}
