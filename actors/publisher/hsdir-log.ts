import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';

/** What an HSDir did: it took a descriptor, refused one, did not answer, or was found to hold less than it took. */
export type HsDirDeed = 'accepted' | 'refused' | 'silent' | 'behind';

/** How one HSDir has served us since this publisher started. */
export interface HsDirRecord {
  readonly fingerprint: RelayFingerprint;
  readonly accepted: number;
  readonly refused: number;
  readonly silent: number;
  readonly behind: number;
  /** The last reason for anything but an acceptance; null before the first. */
  readonly lastReason: string | null;
  /** Wall clock (ms) of the last deed. */
  readonly lastAtMs: number;
}

/** Both descriptors have at most 16 HSDirs at the public network's parameters, and others each day: about four days. */
const KEPT = 64;

/** The health of HSDirs, for operators: who refuses, who is silent, who forgets. The newest deeds are kept. */
export class HsDirLog {
  /** By fingerprint, the one that did something last at the end. */
  readonly #records = new Map<RelayFingerprint, HsDirRecord>();

  /** The one that did something last comes first. */
  get entries(): readonly HsDirRecord[] {
    return [...this.#records.values()].reverse();
  }

  note(fingerprint: RelayFingerprint, deed: HsDirDeed, reason: string | null, atMs: number): void {
    const known = this.#records.get(fingerprint) ?? {
      fingerprint,
      accepted: 0,
      refused: 0,
      silent: 0,
      behind: 0,
      lastReason: null,
      lastAtMs: atMs,
    };
    this.#records.delete(fingerprint);
    this.#records.set(fingerprint, {
      ...known,
      [deed]: known[deed] + 1,
      lastReason: reason ?? known.lastReason,
      lastAtMs: atMs,
    });
    if (this.#records.size <= KEPT) return;
    const [oldest] = this.#records.keys();
    if (oldest !== undefined) this.#records.delete(oldest);
  }
}
