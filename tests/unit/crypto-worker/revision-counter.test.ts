import { createCipheriv, createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlindedSecretKey, RevisionCounter, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import {
  LARGEST_COUNTER_INPUT,
  counterInput,
  findCounterInput,
  revisionCounter,
  sumOfWords,
} from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { C_TOR_OPE, C_TOR_OPE_KEY } from '@rustbalance/tests/vectors/c-tor-ope.js';
import { codeOf, hex, valueOf } from './given.js';

const secret = Uint8Array.from({ length: 64 }, (_, at) => at) as BlindedSecretKey;
const counters = fc.integer({ min: 1, max: 250_000 });

describe('the sum of a key stream', () => {
  it.each(C_TOR_OPE)('over %i words is that of C Tor', (n, sum) => {
    expect(BigInt(sumOfWords(hex(C_TOR_OPE_KEY), n))).toBe(sum);
  });
});

describe('a revision counter', () => {
  it('sums the words of the stream that is keyed with the terminated string and the secret key', () => {
    const key = createHash('sha3-256').update('rev-counter-generation\0').update(secret).digest();
    const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(20));
    let sum = 0n;
    for (let word = 0; word < 10; word++) sum += BigInt(stream.readUInt16LE(2 * word)) + 1n;
    expect(valueOf(revisionCounter(secret, 10))).toBe(sum);
  });

  it('grows with n', () => {
    fc.assert(
      fc.property(counters, counters, (a, b) => {
        const [low, high] = [valueOf(revisionCounter(secret, a)), valueOf(revisionCounter(secret, b))];
        expect(low < high).toBe(a < b);
      }),
      { numRuns: 30 },
    );
  });

  it('is found again, and one that no n makes is not', () => {
    fc.assert(
      fc.property(counters, (n) => {
        const counter = valueOf(revisionCounter(secret, n));
        expect(valueOf(findCounterInput(secret, counter, 300_000))).toBe(n);
        const between = (counter + 1n) as RevisionCounter;
        fc.pre(valueOf(revisionCounter(secret, n + 1)) !== between);
        expect(codeOf(findCounterInput(secret, between, 300_000))).toBe('counter.not-found');
      }),
      { numRuns: 20 },
    );
  });

  it('beyond the end of the search is not found', () => {
    const counter = valueOf(revisionCounter(secret, 1001));
    expect(codeOf(findCounterInput(secret, counter, 1000))).toBe('counter.not-found');
    expect(codeOf(findCounterInput(secret, (2n ** 64n - 1n) as RevisionCounter, 1e9))).toBe(
      'counter.not-found',
    );
  });

  it.each([0, -1, 1.5, Number.NaN, LARGEST_COUNTER_INPUT + 1])('of input %d is refused', (n) => {
    expect(codeOf(revisionCounter(secret, n))).toBe('counter.out-of-range');
  });
});

describe('the input of a counter', () => {
  const seconds = (n: number) => n as UnixSeconds;

  it('is the seconds since the run began, plus one', () => {
    expect(counterInput(seconds(1000), seconds(1000), null)).toBe(1);
    expect(counterInput(seconds(1060), seconds(1000), 5)).toBe(61);
  });

  it('never falls back when the clock does', () => {
    expect(counterInput(seconds(900), seconds(1000), 61)).toBe(62);
    expect(counterInput(seconds(900), seconds(1000), null)).toBe(1);
  });
});
