import type { Clock } from '../kernel/clock.js';

/** xstate's timers on the injected clock. */
export const machineClock = (clock: Clock) => {
  const timers = new Map<number, () => void>();
  let next = 1;
  return {
    setTimeout: (fire: (...args: unknown[]) => void, ms: number): number => {
      const id = next++;
      const cancel = clock.after(ms, () => {
        timers.delete(id);
        fire();
      });
      timers.set(id, cancel);
      return id;
    },
    clearTimeout: (id: number): void => {
      timers.get(id)?.();
      timers.delete(id);
    },
  };
};
