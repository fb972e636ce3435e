import type { Clock } from '@rustbalance/actors/kernel/clock.js';

/** A clock that stands still until it is told. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  readonly timers: number;
}

export const manualClock = (): ManualClock => {
  let now = 0;
  const timers = new Set<{ at: number; fire: () => void }>();
  return {
    wallMs: () => now,
    monotonicMs: () => now,
    after: (delayMs, fire) => {
      const timer = { at: now + delayMs, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (ms) => {
      now += ms;
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.fire();
      }
    },
    get timers() {
      return timers.size;
    },
  };
};
