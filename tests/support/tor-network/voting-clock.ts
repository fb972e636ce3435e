/**
 * When the authorities of a network that has no consensus yet should come up. They vote at fixed times of the
 * clock (dir-spec §3.1), and a vote that misses relays costs a whole voting interval.
 */

/** Seconds between two tries for a first consensus; 5 is the least that Tor takes, and it must divide 30 minutes. */
export const INITIAL_VOTING_INTERVAL_SECS = 5;

// Tor shortens vote and distribution delays to a quarter of an interval each where they exceed half of it:
// voting begins 2 s before the interval's end and a consensus is out at its end.
const VOTE_LEAD_MS = 2_000;

// From release to the last upload. Measured for 23 Tors on two idle cores: relays 0.1–0.2 s, authorities 1.0 s. Too
// short for a loaded machine costs it one voting interval more, too long costs everybody a part of it.
const UPLOADS_MS = 1_500;

/** Milliseconds to wait from `nowMs` (Unix time) until every relay can upload before the authorities vote. */
export const delayUntilRelease = (nowMs: number): number => {
  const interval = INITIAL_VOTING_INTERVAL_SECS * 1000;
  const intoInterval = nowMs % interval;
  return intoInterval + UPLOADS_MS <= interval - VOTE_LEAD_MS ? 0 : interval - intoInterval;
};
