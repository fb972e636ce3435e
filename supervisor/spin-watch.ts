import type { CancelTimer, Clock } from '@rustbalance/actors/kernel/clock.js';

/**
 * Processor time within one turn of its loop after which a thread is taken to spin. By the clock alone nobody can tell a
 * thread that hangs from one that the machine does not let run: hence the far longer `[supervisor] ping_timeout_secs`. Time
 * that it has used itself does not grow while others use the processor. The longest turn of an actor that was measured took
 * 6 ms, a full collection of its heap some 100 ms: half a second would do as well, and clients wait for this.
 */
const SPINS_AFTER_MS = 1_000;

/** Not sooner after a look than this: the pong may lie unread in the port and is read in between. */
const LOOK_AGAIN_MS = 50;

export interface SpinWatchOptions {
  readonly clock: Clock;
  /** Processor time of the thread; null when nobody can tell, and then it is not watched. */
  readonly usedMs: () => number | null;
  readonly onSpin: () => void;
}

/** Watches a thread that has just been pinged, until it is told that the pong has come. */
export const watchForSpin = ({ clock, usedMs, onSpin }: SpinWatchOptions): CancelTimer => {
  const before = usedMs();
  if (before === null) return () => undefined;
  let suspected = false;
  const look = (): void => {
    const now = usedMs();
    if (now === null) return;
    const missingMs = SPINS_AFTER_MS - (now - before);
    if (missingMs <= 0 && suspected) {
      onSpin();
      return;
    }
    suspected = missingMs <= 0;
    cancel = clock.after(Math.max(LOOK_AGAIN_MS, missingMs), look);
  };
  let cancel = clock.after(SPINS_AFTER_MS, look);
  return () => {
    cancel();
  };
};
