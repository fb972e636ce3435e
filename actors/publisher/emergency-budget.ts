import { EMERGENCY_GAP_MS, EMERGENCY_WINDOW_MS, MOST_EMERGENCIES } from './pace.js';

/**
 * Times of the last builds that were due because the descriptor named a dead introduction point. An attacker who floods
 * introduction points until their circuits close makes one after the other; each is worth an upload at once, all of them
 * together are not.
 */
export type Emergencies = readonly number[];

export const withEmergency = (emergencies: Emergencies, nowMs: number): Emergencies => [
  ...emergencies.filter((at) => nowMs - at < EMERGENCY_WINDOW_MS),
  nowMs,
];

/** When the next may be built (monotonic ms), after a build at `lastBuildMs`. */
export const emergencyAllowedAt = (emergencies: Emergencies, lastBuildMs: number, nowMs: number): number => {
  const recent = emergencies.filter((at) => nowMs - at < EMERGENCY_WINDOW_MS);
  const soonest = lastBuildMs + EMERGENCY_GAP_MS;
  const oldest = recent.at(-MOST_EMERGENCIES);
  return oldest === undefined ? soonest : Math.max(soonest, oldest + EMERGENCY_WINDOW_MS);
};
