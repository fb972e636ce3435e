/** When the target is probed next. All times on the monotonic clock. */
export interface ProbeSchedule {
  readonly inFlight: boolean;
  /** Start of the last probe; null before the first. */
  readonly startedAtMs: number | null;
  /** Somebody saw the target fail since then. */
  readonly suspected: boolean;
}

export const NOT_PROBING: ProbeSchedule = { inFlight: false, startedAtMs: null, suspected: false };

/**
 * A target that fails is looked at this often, so that neither its failing nor its return waits for the next round;
 * and no more often, since a request that fails raises the same suspicion again.
 */
export const CLOSER_LOOK_MS = 5000;

/** When the next probe is due, or null while one is under way. */
export const probeDueAtMs = (
  { inFlight, startedAtMs, suspected }: ProbeSchedule,
  failures: number,
  intervalMs: number,
  nowMs: number,
): number | null => {
  if (inFlight) return null;
  if (startedAtMs === null) return nowMs;
  return startedAtMs + (suspected || failures > 0 ? Math.min(CLOSER_LOOK_MS, intervalMs) : intervalMs);
};
