import type { Clock } from '@rustbalance/actors/kernel/clock.js';

/** Lets so many pass in each period, and counts the rest. */
export interface RateGate {
  /** May this one pass? */
  admit(): boolean;
  /** How many did not since this was last asked. */
  takeRefused(): number;
}

export const rateGate = (clock: Pick<Clock, 'monotonicMs'>, limit: number, periodMs: number): RateGate => {
  let periodStart = clock.monotonicMs();
  let passed = 0;
  let refused = 0;
  return {
    admit: () => {
      const now = clock.monotonicMs();
      if (now - periodStart >= periodMs) {
        periodStart = now;
        passed = 0;
      }
      if (passed < limit) {
        passed++;
        return true;
      }
      refused++;
      return false;
    },
    takeRefused: () => {
      const count = refused;
      refused = 0;
      return count;
    },
  };
};
