import type { CancelTimer, Clock } from './clock.js';

/**
 * Runs one function that, from state and now, does whatever is due and says when it next wants to run.
 * A lost or doubled event then costs latency, never correctness: the next run derives the same again.
 */
export interface LevelTrigger {
  /** Something changed: run soon, or after a while (ms) that gathers more. Several pokes before the run make one run. */
  poke(afterMs?: number): void;
  stop(): void;
}

/** Does what is due; returns the monotonic time (ms) of the next thing due, or null when only a poke matters. */
export type Step = (nowMonotonicMs: number) => number | null;

/** A step that keeps asking for the past would spin the loop; this is the shortest wait between timed runs. */
const SHORTEST_WAIT_MS = 5;

export const startLevelTrigger = (clock: Clock, step: Step): LevelTrigger => {
  let cancelTimer: CancelTimer | null = null;
  let poked = false;
  let stopped = false;

  const run = (): void => {
    if (stopped) return;
    poked = false;
    cancelTimer?.();
    cancelTimer = null;
    const dueAt = step(clock.monotonicMs());
    if (dueAt === null) return;
    cancelTimer = clock.after(Math.max(SHORTEST_WAIT_MS, dueAt - clock.monotonicMs()), run);
  };

  const poke = (afterMs = 0): void => {
    if (poked || stopped) return;
    poked = true;
    cancelTimer?.();
    cancelTimer = clock.after(afterMs, run);
  };

  return {
    poke,
    stop: () => {
      stopped = true;
      cancelTimer?.();
    },
  };
};

/** The earlier of two due times, where null means "never". */
export const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
