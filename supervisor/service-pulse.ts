import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import type { Notify } from './notify.js';
import { NOTHING_WATCHED, forgiving } from './watchdog-verdict.js';
import type { Verdict, Watch } from './watchdog-verdict.js';

/** How often `systemctl status` shows something new when nobody watches us. */
const STATUS_EVERY_MS = 10_000;

/** Told so often within the manager's patience that one message may be lost (sd_watchdog_enabled(3) asks for two). */
const PULSES_A_PATIENCE = 3;

export interface PulseParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly notify: Notify;
  /** The manager's patience, ms; null when it does not watch. */
  readonly patienceMs: number | null;
  readonly verdict: (before: Watch, nowMs: number) => Verdict;
  /** The line for `systemctl status`. */
  readonly status: () => string;
}

export interface ServicePulse {
  /** Shows the status now: something has changed that a person waits for. */
  show(): void;
  stop(): void;
}

/** Tells the service manager again and again how things are; it is a good verdict that feeds the watchdog. */
export const startServicePulse = (parts: PulseParts): ServicePulse => {
  const { clock, log, notify, patienceMs, verdict, status } = parts;
  const everyMs = patienceMs === null ? STATUS_EVERY_MS : patienceMs / PULSES_A_PATIENCE;
  let watch = NOTHING_WATCHED;
  let shown = '';
  let cancel = (): void => undefined;
  let dueAt = clock.monotonicMs();
  /**
   * Whoever was away accuses nobody: after a pause of the whole process everything looks overdue for a moment. So time in
   * which this loop did not turn does not count; but a loop that is late at every beat judges all the same.
   */
  const judge = (nowMs: number): string | null => {
    const lateMs = Math.max(0, nowMs - dueAt);
    const judged = verdict(watch, nowMs - lateMs);
    watch = forgiving(judged.watch, lateMs);
    return judged.stuck;
  };
  const beat = (): void => {
    const nowMs = clock.monotonicMs();
    const stuck = judge(nowMs);
    dueAt = nowMs + everyMs;
    cancel = clock.after(everyMs, beat);
    if (patienceMs !== null && stuck === null) notify({ kind: 'watchdog' });
    if (stuck !== null) {
      log.error('something hangs', {}, errorData('supervisor.stuck', 'supervisor', { problem: stuck }));
    }
    show();
  };
  const show = (): void => {
    const text = status();
    if (text === shown) return;
    shown = text;
    notify({ kind: 'status', text });
  };
  beat();
  return {
    show,
    stop: () => {
      cancel();
    },
  };
};
