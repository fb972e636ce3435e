/**
 * Time, injected. Wall-clock time is what the protocol speaks (consensus times, counters, timestamps of
 * messages); monotonic time is what deadlines and intervals are measured in, since a wall clock may step.
 */

/** Ends a timer that has not fired yet; calling it again does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Milliseconds on a clock that never steps; only differences mean anything. */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now on the monotonic clock. */
  after(delayMs: number, fire: () => void): CancelTimer;
}

/** Settles `ms` from now on the monotonic clock. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

/** Settles then, or as soon as `ended` aborts. */
export const pauseUnless = (clock: Clock, ms: number, ended: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      ended.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ended.aborted ? 0 : ms, finish);
    ended.addEventListener('abort', finish, { once: true });
  });

// setTimeout turns anything above 2^31-1 ms into 1 ms; such a wait is cut short, and callers that
// re-derive what is due (kernel/level-trigger.ts) simply wait again.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};
