import { errorData, type ErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { DEATHS_WINDOW_MS, restartDecision, SLOW_RETRY_MS } from './restart-policy.js';

/** A Tor that keeps ending is an error that somebody must mend: said once, and again while nobody does. */
const LOUD_EVERY_MS = 60 * 60_000;

/** Tells the operator of trouble with Tor: once for each trouble, not once for each attempt. */
export class TroubleLog {
  readonly #log: Logger;
  #lastTold = '';
  #lastWarning = '';
  /** When it was last told that Tor keeps ending; null when that is news. */
  #loudAtMs: number | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** All is well: what comes next is news again. */
  over(): void {
    this.#lastTold = '';
    this.#lastWarning = '';
    this.#loudAtMs = null;
  }

  /** Tor went down. @param recentDeathsMs monotonic times of its deaths, or of our restarts of a system Tor */
  down(error: ErrorData, recentDeathsMs: readonly number[], nowMs: number): void {
    const { slow, recentDeaths: count } = restartDecision(recentDeathsMs, nowMs);
    if (slow) {
      if (this.#loudAtMs !== null && nowMs - this.#loudAtMs < LOUD_EVERY_MS) return;
      this.#loudAtMs = nowMs;
      const detail = {
        count,
        minutes: DEATHS_WINDOW_MS / 60_000,
        lastLine: String(error.detail['lastLine'] ?? error.what),
        retrySecs: SLOW_RETRY_MS / 1000,
      };
      this.#log.error('tor keeps ending', {}, errorData('tor.keeps-ending', error.where, detail));
      return;
    }
    const text = `${error.code} ${error.what}`;
    // The end of our own Tor was told when it happened.
    if (text === this.#lastTold || error.code === 'tor.ended') return;
    this.#lastTold = text;
    this.#log.error('Tor cannot be used', {}, error);
  }

  /** Tor's own words about what hinders it; null when nothing does. */
  warning(problem: string | null): void {
    if (problem === null || problem === this.#lastWarning) return;
    this.#lastWarning = problem;
    this.#log.warn('Tor has trouble to reach the network', { problem });
  }
}
