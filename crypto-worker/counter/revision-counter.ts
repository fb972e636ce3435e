/**
 * Revision counters exactly as Tor makes them (rend-spec-v3 appendix F.2, C Tor's crypto_ope.c): nodes that
 * share key and clock agree without talking, and the counter tells nobody the time.
 */
import { createCipheriv } from 'node:crypto';
import type { BlindedSecretKey, RevisionCounter, UnixSeconds } from '../brands.js';
import { assertLength, concatBytes, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';
import { type Result, failure, ok } from '../result.js';

/** C Tor hashes the string with its terminator. */
const KEY_PREFIX = concatBytes(utf8('rev-counter-generation'), Uint8Array.of(0));
const BYTES_PER_WORD = 2;
/** Words a step: 32 KiB keep the key stream in the cache. */
const CHUNK_WORDS = 16_384;
/**
 * Tor itself stops at 2^18 s (three days). Twelve days leave room for a last n that ran ahead after a clock
 * stepped back, and cost 5 ms at the very end.
 */
export const LARGEST_COUNTER_INPUT = 2 ** 20;

const isCounterInput = (n: number): boolean =>
  Number.isSafeInteger(n) && n >= 1 && n <= LARGEST_COUNTER_INPUT;

/** The AES-256-CTR key stream from its beginning, in pieces. */
const keyStream = (key: Uint8Array): ((words: number) => Uint8Array) => {
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return (words) => cipher.update(new Uint8Array(words * BYTES_PER_WORD));
};

const keyOf = (secret: BlindedSecretKey): Uint8Array => {
  assertLength(secret, 64, 'blinded secret key');
  return sha3(KEY_PREFIX, secret);
};

const wordAt = (stream: Uint8Array, word: number): number =>
  (stream[word * BYTES_PER_WORD] ?? 0) + ((stream[word * BYTES_PER_WORD + 1] ?? 0) << 8) + 1;

/**
 * The sum of the first n 16-bit little-endian words of the key stream, each plus 1. Below 2^36 for every n
 * allowed, so it is exact in a double.
 */
export const sumOfWords = (key: Uint8Array, n: number): number => {
  const next = keyStream(key);
  let sum = 0;
  for (let left = n; left > 0; left -= CHUNK_WORDS) {
    const words = Math.min(left, CHUNK_WORDS);
    const stream = next(words);
    for (let word = 0; word < words; word++) sum += wordAt(stream, word);
  }
  return sum;
};

/** The counter for input n. 0.3 ms for two days. */
export const revisionCounter = (secret: BlindedSecretKey, n: number): Result<RevisionCounter> =>
  isCounterInput(n)
    ? ok(BigInt(sumOfWords(keyOf(secret), n)) as RevisionCounter)
    : failure('counter.out-of-range', `n is ${n}, it must be 1 … ${LARGEST_COUNTER_INPUT}`);

/** The n that a given counter was made from, searched up to maxN: it dates a descriptor that Tor made. */
export const findCounterInput = (
  secret: BlindedSecretKey,
  counter: RevisionCounter,
  maxN: number,
): Result<number> => {
  const next = keyStream(keyOf(secret));
  const last = Math.min(maxN, LARGEST_COUNTER_INPUT);
  const wanted = Number(counter);
  let sum = 0;
  for (let n = 0; n < last;) {
    const stream = next(CHUNK_WORDS);
    for (let word = 0; word < CHUNK_WORDS && n < last; word++) {
      sum += wordAt(stream, word);
      n++;
      if (sum === wanted) return ok(n);
      if (sum > wanted) return failure('counter.not-found', 'no n makes this counter with this key');
    }
  }
  return failure('counter.not-found', `no n up to ${last} makes this counter with this key`);
};

/**
 * The n to publish with: seconds since the run began plus 1, and never one that was used before. `now` is the
 * wall clock, the run's start comes from valid-after. lastN is null when nothing was published with this key.
 */
export const counterInput = (now: UnixSeconds, srvRunStart: UnixSeconds, lastN: number | null): number =>
  Math.max(now - srvRunStart + 1, (lastN ?? 0) + 1);
