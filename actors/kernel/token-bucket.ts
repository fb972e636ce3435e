/** Bounds a rate: `burst` at once, `perSecond` in the long run. */
export interface BucketSize {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

export const fullBucket = (size: BucketSize, nowMs: number): TokenBucket => ({
  tokens: size.burst,
  atMs: nowMs,
});

/** The bucket after one token was asked for, and whether there was one. Times are monotonic, ms. */
export const takeToken = (
  bucket: TokenBucket,
  size: BucketSize,
  nowMs: number,
): { readonly bucket: TokenBucket; readonly granted: boolean } => {
  const refilled = Math.min(
    size.burst,
    bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * size.perSecond) / 1000,
  );
  const granted = refilled >= 1;
  return { bucket: { tokens: granted ? refilled - 1 : refilled, atMs: nowMs }, granted };
};
