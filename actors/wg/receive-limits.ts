import type { BucketSize, TokenBucket } from '../kernel/token-bucket.js';
import { fullBucket, takeToken } from '../kernel/token-bucket.js';

/**
 * How many datagrams are looked at. An honest peer sends some four a second (a probe, an answer, and a few more while
 * somebody is silent); each one let through costs two thread borders and an opening of the seal, 0.1 ms in all. So
 * even a flood at every bound leaves the loops free. Lower bounds would drop honest bursts after a pause.
 */
const KNOWN: BucketSize = { perSecond: 500, burst: 1000 };
/** An address that no peer has: a peer behind address translation, or a stranger. */
const STRANGER: BucketSize = { perSecond: 20, burst: 40 };
/** All strangers together cannot take more than this from the peers. */
const STRANGERS: BucketSize = { perSecond: 200, burst: 400 };
/** Everybody: addresses can be forged, those of peers too. */
const ALL: BucketSize = { perSecond: 5000, burst: 5000 };
/** Stranger addresses remembered; beyond it the oldest starts with a full bucket again, within STRANGERS all the same. */
const MOST_STRANGERS = 1024;

/** Where a datagram says it comes from. */
export interface Source {
  readonly host: string;
  readonly port: number;
}

export interface ReceiveLimits {
  /** Whether a datagram from there may be looked at now. */
  admit(source: Source, nowMs: number): boolean;
}

export const sourceKey = ({ host, port }: Source): string => `${host} ${port}`;

/** @param known the peers' own addresses, as sourceKey() writes them */
export const receiveLimits = (known: ReadonlySet<string>, startMs: number): ReceiveLimits => {
  const peers = new Map<string, TokenBucket>();
  const strangers = new Map<string, TokenBucket>();
  let allStrangers = fullBucket(STRANGERS, startMs);
  let all = fullBucket(ALL, startMs);

  const take = (buckets: Map<string, TokenBucket>, key: string, size: BucketSize, nowMs: number): boolean => {
    const { bucket, granted } = takeToken(buckets.get(key) ?? fullBucket(size, nowMs), size, nowMs);
    buckets.set(key, bucket);
    return granted;
  };

  const admitStranger = (host: string, nowMs: number): boolean => {
    if (!take(strangers, host, STRANGER, nowMs)) return false;
    for (const oldest of strangers.keys()) {
      if (strangers.size <= MOST_STRANGERS) break;
      strangers.delete(oldest);
    }
    const { bucket, granted } = takeToken(allStrangers, STRANGERS, nowMs);
    allStrangers = bucket;
    return granted;
  };

  return {
    admit: (source, nowMs) => {
      const key = sourceKey(source);
      const own = known.has(key) ? take(peers, key, KNOWN, nowMs) : admitStranger(source.host, nowMs);
      if (!own) return false;
      const { bucket, granted } = takeToken(all, ALL, nowMs);
      all = bucket;
      return granted;
    },
  };
};
