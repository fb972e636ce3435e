import type { ErrorData } from '../kernel/errors.js';

/**
 * When a managed Tor that died is started again. The first restart has no delay: every second with dead
 * introduction points in the descriptor can cost a new client two minutes. A Tor that keeps dying (a bad line in
 * extra_torrc, a full disk) is slowed down but never given up.
 */

/** The window in which deaths count, and after how many of them the slow pace begins. */
export const DEATHS_WINDOW_MS = 5 * 60_000;
const QUICK_RESTARTS = 3;

/** Delays after the first, second and third death within the window. */
const QUICK_DELAYS_MS = [0, 1_000, 5_000];

/** A Tor takes about 3 s to full service, so trying twice a minute leaves the machine to others. */
export const SLOW_RETRY_MS = 30_000;

export interface RestartDecision {
  readonly delayMs: number;
  /** True when the quick restarts are used up: the operator must be told. */
  readonly slow: boolean;
  /** Deaths within the window, this one included. */
  readonly recentDeaths: number;
}

/**
 * @param deathsMs monotonic times of all deaths so far, ascending, the present one last
 */
export const restartDecision = (deathsMs: readonly number[], nowMs: number): RestartDecision => {
  const recentDeaths = deathsMs.filter((at) => nowMs - at < DEATHS_WINDOW_MS).length;
  const delayMs = QUICK_DELAYS_MS[Math.max(0, recentDeaths - 1)] ?? SLOW_RETRY_MS;
  return { delayMs, slow: recentDeaths > QUICK_RESTARTS, recentDeaths };
};

/** The deaths that can still count: keeps the list short. */
export const withDeath = (deathsMs: readonly number[], nowMs: number): readonly number[] => [
  ...deathsMs.filter((at) => nowMs - at < DEATHS_WINDOW_MS),
  nowMs,
];

/** Waits between attempts to reach a system Tor: quick while it may just be restarting, then for ever. */
const RECONNECT_DELAYS_MS = [100, 100, 250, 500, 1_000, 2_000];
const RECONNECT_SLOWEST_MS = 5_000;

/** @param attempt failed attempts in a row, from 1 */
export const reconnectDelayMs = (attempt: number): number =>
  RECONNECT_DELAYS_MS[attempt - 1] ?? RECONNECT_SLOWEST_MS;

/**
 * A system Tor is restarted by its own unit when it dies; we come in when that has not helped. With the watch of a
 * second or so this stays within 15 s.
 */
const UNIT_PATIENCE_MS = 10_000;
/** A unit that was restarted is waited for: Debian's checks its configuration first. */
const UNIT_START_MS = 15_000;

export interface UnitQuestion {
  /** Since when it cannot be reached (monotonic ms). */
  readonly downSinceMs: number;
  /** It holds its sockets and answers nothing: its unit takes it for well. */
  readonly isHung: boolean;
  /** When its unit was restarted by us, ascending. */
  readonly restartsMs: readonly number[];
  readonly nowMs: number;
  /** Why it could not be reached last. */
  readonly lastError: ErrorData | null;
}

/** It answers, and lets us not in: a restart would mend nothing, and cost the other services of a shared Tor their circuits. */
export const refusesUs = (error: ErrorData | null): boolean =>
  error !== null &&
  (error.code.startsWith('control.auth-') ||
    (error.code === 'control.unreachable' && /\b(EACCES|EPERM)\b/.test(String(error.detail['reason']))));

/** Is the unit of a system Tor to be restarted now? */
export const unitRestartDue = ({
  downSinceMs,
  isHung,
  restartsMs,
  nowMs,
  lastError,
}: UnitQuestion): boolean => {
  if (refusesUs(lastError)) return false;
  const last = restartsMs.at(-1) ?? -Infinity;
  const recent = restartsMs.filter((at) => nowMs - at < DEATHS_WINDOW_MS).length;
  const pauseMs = recent >= QUICK_RESTARTS ? SLOW_RETRY_MS * 2 : UNIT_START_MS;
  return nowMs - last >= pauseMs && (isHung || nowMs - downSinceMs >= UNIT_PATIENCE_MS);
};
