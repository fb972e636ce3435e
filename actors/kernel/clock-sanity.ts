/**
 * Is the wall clock good enough to sign with? A descriptor signed under a wrong clock carries certificates that
 * are not valid yet or no longer, and a counter that locks the right ones out for hours.
 */

/** Times of a consensus, Unix seconds. */
export interface ConsensusTimes {
  readonly validAfter: number;
  readonly validUntil: number;
}

/**
 * Tor itself warns and refuses a consensus that is more than this much in the future (dir-spec: clients accept
 * 5 minutes of early consensus); a larger error is the clock's.
 */
const EARLY_TOLERANCE_SECS = 5 * 60;

/** Tor goes on using a consensus for 24 hours after valid-until (dir-spec); after that nothing vouches for the time. */
const LATE_TOLERANCE_SECS = 24 * 60 * 60;

/** Which way the clock is off against the consensus; null when it may be right. */
export const clockFault = (wallMs: number, consensus: ConsensusTimes): 'behind' | 'ahead' | null => {
  const now = wallMs / 1000;
  if (now < consensus.validAfter - EARLY_TOLERANCE_SECS) return 'behind';
  if (now > consensus.validUntil + LATE_TOLERANCE_SECS) return 'ahead';
  return null;
};
