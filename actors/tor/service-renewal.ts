/**
 * When the service is set up anew in Tor because too few of its introduction points live. Tor launches at most 28
 * introduction circuits in 300 s; when relays die it can use that up and then stays silent with dead points. Taking
 * the service out and putting it in again gave three fresh points in 2.1 s (measured on tor 0.4.9.11).
 */

/** HiddenServiceNumIntroductionPoints of a service that does not set it. */
export const WANTED_POINTS = 3;
/** Both descriptors have points of their own. */
const WANTED_CIRCUITS = 2 * WANTED_POINTS;

/** A replacement took 4–11 s: less than this would cut Tor's own repair short. */
const PATIENCE_MS = 15_000;
/** Renewals drop the points that live, too: they must stay rare where they do not help. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 30 * 60_000;
/** After this long without need, the next renewal comes quickly again. */
const FORGET_MS = 15 * 60_000;

export interface RenewalState {
  /** Since when too few have lived (monotonic ms); null while enough do. */
  readonly lackingSinceMs: number | null;
  readonly renewedAtMs: number | null;
  /** Wait after the last renewal. */
  readonly pauseMs: number;
}

export const NO_RENEWAL: RenewalState = { lackingSinceMs: null, renewedAtMs: null, pauseMs: FIRST_PAUSE_MS };

export interface RenewalVerdict {
  readonly state: RenewalState;
  readonly renew: boolean;
  readonly wakeAtMs: number | null;
}

/** @param alive points of the clients' descriptor; @param circuits established ones of both descriptors */
export const renewalVerdict = (
  state: RenewalState,
  alive: number,
  circuits: number,
  nowMs: number,
): RenewalVerdict => {
  if (alive >= WANTED_POINTS || circuits >= WANTED_CIRCUITS) {
    const forgotten = state.renewedAtMs !== null && nowMs - state.renewedAtMs > FORGET_MS;
    const kept = forgotten ? NO_RENEWAL : { ...state, lackingSinceMs: null };
    return { state: kept, renew: false, wakeAtMs: null };
  }
  const lackingSinceMs = state.lackingSinceMs ?? nowMs;
  const allowedAtMs = state.renewedAtMs === null ? 0 : state.renewedAtMs + state.pauseMs;
  const dueAtMs = Math.max(lackingSinceMs + PATIENCE_MS, allowedAtMs);
  if (nowMs < dueAtMs) return { state: { ...state, lackingSinceMs }, renew: false, wakeAtMs: dueAtMs };
  const pauseMs = state.renewedAtMs === null ? state.pauseMs : Math.min(state.pauseMs * 2, LONGEST_PAUSE_MS);
  return { state: { lackingSinceMs: nowMs, renewedAtMs: nowMs, pauseMs }, renew: true, wakeAtMs: nowMs };
};
