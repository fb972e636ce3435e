import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';

/** How Tor names a relay: LongName, fingerprint alone, or nickname alone (control-spec §2.4). */
export interface RelayReference {
  readonly fingerprint: RelayFingerprint | null;
  readonly nickname: string | null;
}

// Tor before 0.3.1.3 wrote '=' for '~'.
const LONG_NAME = /^\$?([0-9A-Fa-f]{40})(?:[~=]([A-Za-z0-9]{1,19}))?$/;
const NICKNAME = /^[A-Za-z0-9]{1,19}$/;

/** Null for "UNKNOWN", which Tor writes where no relay is meant, and for garbage. */
export const parseRelayReference = (word: string): RelayReference | null => {
  const long = LONG_NAME.exec(word);
  if (long?.[1] !== undefined) {
    return { fingerprint: long[1].toUpperCase() as RelayFingerprint, nickname: long[2] ?? null };
  }
  return NICKNAME.test(word) && word !== 'UNKNOWN' ? { fingerprint: null, nickname: word } : null;
};
