import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../kernel/clock.js';
import { fullBucket, takeToken } from '../kernel/token-bucket.js';
import type { BucketSize, TokenBucket } from '../kernel/token-bucket.js';
import type { RequestHead } from './http/request-head.js';

/** Which requests are for this node, and what they are answered with. */
export interface JoinGate {
  /** Bytes of the body of a request that may be a join; null for every other, which goes to the target at once. */
  bodyBytesOf(head: RequestHead): number | null;
  /** The answer to a join that is admitted; null for everything else: that goes to the target, late. Never rejects. */
  answer(frame: Uint8Array): Promise<Uint8Array | null>;
}

/** A longer body is none of a join (election/join/limits.ts). */
export const LONGEST_JOIN_BODY = 4096;
const JOIN_PATH = /^\/\.rb\/([0-9a-f]{32})$/;
/** Only holders of a token get so far. Each of their requests costs the ElectionActor up to 4 ms. */
const RATE: BucketSize = { perSecond: 0.5, burst: 20 };
/** A join takes some seconds where the lease holder is asked over Tor. */
const MOST_AT_ONCE = 8;

/**
 * Takes joins out of what comes to the master address: `POST /.rb/<path secret>`. Whoever does not know the path secret of
 * a live token cannot tell that there is a gate; what is not admitted in the end goes to the target as it came.
 */
export class MasterJoinGate implements JoinGate {
  readonly #clock: Clock;
  readonly #ask: (frame: Uint8Array) => Promise<Uint8Array | null>;
  /** SHA-256 of the path secrets of live tokens: this actor is not given the secrets. */
  #hashes: readonly Uint8Array[] = [];
  #rate: TokenBucket;
  #underWay = 0;

  constructor(clock: Clock, ask: (frame: Uint8Array) => Promise<Uint8Array | null>) {
    this.#clock = clock;
    this.#ask = ask;
    this.#rate = fullBucket(RATE, clock.monotonicMs());
  }

  setHashes(hashes: readonly Uint8Array[]): void {
    this.#hashes = hashes;
  }

  bodyBytesOf({ method, path, framing, expectsContinue }: RequestHead): number | null {
    if (method !== 'POST' || this.#hashes.length === 0) return null;
    const secret = JOIN_PATH.exec(path)?.[1];
    if (secret === undefined || !this.#isLive(secret)) return null;
    // A client that waits for "100 Continue" waits for the target's.
    if (framing.kind !== 'length' || framing.length > LONGEST_JOIN_BODY || expectsContinue) return null;
    return this.#underWay < MOST_AT_ONCE && this.#mayBegin() ? framing.length : null;
  }

  async answer(frame: Uint8Array): Promise<Uint8Array | null> {
    this.#underWay++;
    try {
      return await this.#ask(frame);
    } catch {
      return null;
    } finally {
      this.#underWay--;
    }
  }

  /** Looks at all of them, and at all bytes of each: how long it takes says nothing about how much was right. */
  #isLive(secret: string): boolean {
    const hash = createHash('sha256').update(secret).digest();
    return this.#hashes.reduce((found, one) => timingSafeEqual(one, hash) || found, false);
  }

  #mayBegin(): boolean {
    const { bucket, granted } = takeToken(this.#rate, RATE, this.#clock.monotonicMs());
    this.#rate = bucket;
    return granted;
  }
}
