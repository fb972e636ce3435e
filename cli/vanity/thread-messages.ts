import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { VanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';

/** What a search thread is born with. */
export interface SearchOrder {
  readonly prefix: VanityPrefix;
  /** Where this thread's walk begins; no other's. */
  readonly seed: Ed25519Seed;
}

/** What it tells, several times a second. */
export interface SearchReport {
  /** Keys looked at since the last report. */
  readonly keys: number;
  /** The secret scalar of a key that fits, not yet proven; null when none did. */
  readonly scalar: Uint8Array | null;
}
