import { longestDelaysMs } from './backoff.js';
import type { BackoffSpec } from './backoff.js';

/**
 * OTP's rule assumes restarts without delay. With a back-off, the delays can stretch the restarts so far apart
 * that no period ever holds more of them than the intensity allows: an actor that can never start would then be
 * restarted for ever, and nobody told. What follows keeps the two in step.
 */
export interface Breaker {
  readonly intensity: number;
  readonly periodMs: number;
  readonly startTimeoutMs: number;
  readonly backoff: BackoffSpec;
}

/** The period must be longer than this: all delays and all start timeouts of intensity + 1 restarts that fail. */
export const shortestPeriodMs = ({ intensity, startTimeoutMs, backoff }: Breaker): number =>
  longestDelaysMs(backoff, intensity + 1) + (intensity + 1) * startTimeoutMs;

/**
 * An actor that has lived this long has done its first work, and its next failure is news. Longer only delays the
 * restart of an actor that is well; the breaker counts all restarts in any case.
 */
const LONGEST_MIN_UPTIME_MS = 2_000;

/**
 * The uptime that ends the back-off, chosen so that an actor whose every life is shorter trips the breaker too,
 * however long it takes to start: what the period has left is shared among its lives.
 */
export const minUptimeMs = (breaker: Breaker): number =>
  Math.max(
    0,
    Math.min(LONGEST_MIN_UPTIME_MS, (breaker.periodMs - shortestPeriodMs(breaker)) / (breaker.intensity + 1)),
  );
