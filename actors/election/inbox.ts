import type { CancelTimer, Clock } from '../kernel/clock.js';

/**
 * How long datagrams may be worked through without letting timers and other messages in between. Node hands over all that waits
 * in a thread's port in one turn of its loop: a burst of 1,000, which one peer may send, held the loop for 0.35 s. Higher,
 * and a flood shows in the loop's delay; lower, and the turns in between (a millisecond each) cost throughput.
 */
const SLICE_MS = 5;
/** A pause that only an idle loop makes between two datagrams: with it a new slice begins. */
const IDLE_MS = 1;
/** Beyond it they are dropped: more than all peers together may send in a third of a second. */
const MOST_WAITING = 2000;

export interface Inbox<T> {
  /** Handles it now if the slice has time left, else soon, in order. False: too many wait, it is dropped. */
  take(item: T): boolean;
  /** What waits is forgotten. */
  close(): void;
}

/** Works through what arrives in slices. Nothing waits as long as there is time. */
export const slicedInbox = <T>(
  clock: Pick<Clock, 'monotonicMs' | 'after'>,
  handle: (item: T) => void,
): Inbox<T> => {
  let waiting: T[] = [];
  let sliceStartMs = Number.NEGATIVE_INFINITY;
  let handledMs = Number.NEGATIVE_INFINITY;
  let cancel: CancelTimer = () => undefined;
  let closed = false;

  const handleNow = (item: T): void => {
    handle(item);
    handledMs = clock.monotonicMs();
  };

  const goOn = (): void => {
    sliceStartMs = clock.monotonicMs();
    let next = 0;
    while (next < waiting.length && clock.monotonicMs() - sliceStartMs < SLICE_MS) {
      const item = waiting[next++];
      if (item !== undefined) handleNow(item);
    }
    waiting = waiting.slice(next);
    if (waiting.length > 0) cancel = clock.after(0, goOn);
  };

  return {
    take: (item) => {
      if (closed || waiting.length >= MOST_WAITING) return false;
      const nowMs = clock.monotonicMs();
      if (waiting.length === 0 && nowMs - handledMs > IDLE_MS) sliceStartMs = nowMs;
      if (waiting.length === 0 && nowMs - sliceStartMs < SLICE_MS) handleNow(item);
      else {
        waiting.push(item);
        if (waiting.length === 1) cancel = clock.after(0, goOn);
      }
      return true;
    },
    close: () => {
      closed = true;
      waiting = [];
      cancel();
    },
  };
};
