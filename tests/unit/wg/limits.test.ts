import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { receiveLimits, sourceKey } from '@rustbalance/actors/wg/receive-limits.js';
import { fullBucket, takeToken } from '@rustbalance/actors/kernel/token-bucket.js';

describe('a token bucket', () => {
  test('grants its burst at once and its rate in the long run, whatever the rhythm of asking', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 200 }), (pauses) => {
        const size = { perSecond: 50, burst: 10 };
        let bucket = fullBucket(size, 0);
        let nowMs = 0;
        let granted = 0;
        for (const pause of pauses) {
          nowMs += pause;
          const taken = takeToken(bucket, size, nowMs);
          bucket = taken.bucket;
          if (taken.granted) granted++;
          expect(granted).toBeLessThanOrEqual(size.burst + (nowMs * size.perSecond) / 1000 + 1e-6);
        }
      }),
    );
  });

  test('does not fill when the clock does not move, nor overflow when it leaps', () => {
    const size = { perSecond: 1000, burst: 3 };
    let bucket = fullBucket(size, 0);
    const ask = (nowMs: number): boolean => {
      const taken = takeToken(bucket, size, nowMs);
      bucket = taken.bucket;
      return taken.granted;
    };
    expect([1, 1, 1, 1].map(ask)).toEqual([true, true, true, false]);
    expect([1e9, 1e9, 1e9, 1e9].map(ask)).toEqual([true, true, true, false]);
  });
});

describe('the limits on what is received', () => {
  const peer = { host: '10.0.0.2', port: 7001 };
  const known = new Set([sourceKey(peer)]);

  test('let a peer through while strangers flood, from one address or from a million', () => {
    const limits = receiveLimits(known, 0);
    let strangers = 0;
    let peers = 0;
    for (let ms = 0; ms < 1000; ms++) {
      for (let each = 0; each < 100; each++) {
        const host = `172.${each}.${ms % 256}.${(ms * 7 + each) % 256}`;
        if (limits.admit({ host, port: ms }, ms)) strangers++;
        if (limits.admit({ host: '10.0.0.9', port: 5 }, ms)) strangers++;
      }
      if (ms % 10 === 0 && limits.admit(peer, ms)) peers++;
    }
    expect(peers).toBe(100);
    expect(strangers).toBeLessThanOrEqual(400 + 200);
  });

  test('hold for a peer’s own address too, which can be forged', () => {
    const limits = receiveLimits(known, 0);
    let admitted = 0;
    for (let count = 0; count < 10_000; count++) if (limits.admit(peer, 1000)) admitted++;
    expect(admitted).toBe(1000);
  });

  test('are those of strangers for a peer’s address with another port', () => {
    const limits = receiveLimits(known, 0);
    let admitted = 0;
    for (let count = 0; count < 1000; count++) if (limits.admit({ ...peer, port: 9 }, 0)) admitted++;
    expect(admitted).toBe(40);
  });
});
