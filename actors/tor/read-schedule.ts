/**
 * When the instance's descriptors are read again. Events say that something changes; the descriptor shows it a
 * little later: Tor rebuilds the list that GETINFO shows on a one-second tick, once all its circuits are up.
 */

/** Reads of GETINFO after an event: measured 0.3 ms over a unix socket, so five a second cost nothing. */
const CHASE_EVERY_MS = 200;
/** A change showed 1.0–1.2 s after the establishment and within 0.3 s of a consensus; three times that is enough. */
const CHASE_FOR_MS = 3_500;

/** Fetches of desc_next after an event that no upload followed, each later than the last. */
const FETCH_CHASE_MS = [2_000, 5_000, 12_000];
/**
 * While nothing of the clients' period was read yet: Tor uploads within seconds of its circuits. Each wait is at least
 * a quarter of what has passed, since a Tor whose uploads fail, or are switched off, would else cost its HSDirs 5000 fetches
 * an hour.
 */
const FETCH_MISSING_MS = 2_000;
/** A fetch opens a circuit to an HSDir where GETINFO opens none, and Tor's own uploads tell when to fetch. */
const FETCH_POLL_FACTOR = 10;

/** All times are monotonic milliseconds. */
export interface ReadHistory {
  /** The last event after which the list must be expected to change; null when there was none. */
  readonly eventAtMs: number | null;
  /** When the list last changed in a reading. */
  readonly changedAtMs: number | null;
  readonly lastGetInfoAtMs: number | null;
  readonly lastFetchAtMs: number | null;
  /** Is there a reading of the clients' period? */
  readonly haveClientsPeriod: boolean;
}

/** Has the list changed since the last event? */
const isSettled = (eventAtMs: number, { changedAtMs }: ReadHistory): boolean =>
  changedAtMs !== null && changedAtMs >= eventAtMs;

/** When GETINFO of the own descriptor is due. */
export const getInfoDue = (history: ReadHistory, pollMs: number): number => {
  const { eventAtMs, lastGetInfoAtMs: last } = history;
  if (last === null) return 0;
  const polled = last + pollMs;
  if (eventAtMs === null) return polled;
  if (last < eventAtMs) return eventAtMs;
  const next = last + CHASE_EVERY_MS;
  return !isSettled(eventAtMs, history) && next <= eventAtMs + CHASE_FOR_MS ? Math.min(next, polled) : polled;
};

/** When desc_next is due to be fetched, apart from uploads of Tor that were seen. */
export const fetchDue = (history: ReadHistory, pollMs: number): number => {
  const last = history.lastFetchAtMs;
  if (last === null) return 0;
  const polled = last + pollMs * FETCH_POLL_FACTOR;
  const { eventAtMs } = history;
  if (!history.haveClientsPeriod) {
    const sinceEventMs = last - (eventAtMs ?? last);
    return Math.min(polled, last + Math.max(FETCH_MISSING_MS, sinceEventMs / 4));
  }
  if (eventAtMs === null || isSettled(eventAtMs, history)) return polled;
  const chase = FETCH_CHASE_MS.map((delay) => eventAtMs + delay).find((at) => at > last);
  return chase === undefined ? polled : Math.min(chase, polled);
};
