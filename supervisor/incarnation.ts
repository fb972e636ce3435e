import type { CancelTimer, Clock } from '@rustbalance/actors/kernel/clock.js';
import type { ActorThread } from './actor-thread-handle.js';
import { watchForSpin } from './spin-watch.js';
import { threadTimeMs } from './thread-time.js';

/** What is measured of a thread from outside. */
export interface Vitals {
  /** Event-loop utilisation between the last two samples, 0 to 1. */
  readonly utilisation: number;
  /** Delay of its event loop at the last pong: the 99th percentile since the pong before, ms. */
  readonly loopDelayP99Ms: number;
}

/** One life of an actor in its thread, and what is known of it from outside. */
export class Incarnation {
  readonly generation: number;
  readonly thread: ActorThread;
  readonly #clock: Clock;
  #vitals: Vitals = { utilisation: 0, loopDelayP99Ms: 0 };
  #threadId: number | null = null;
  #endSpinWatch: CancelTimer = () => undefined;

  constructor(generation: number, thread: ActorThread, clock: Clock) {
    this.generation = generation;
    this.thread = thread;
    this.#clock = clock;
  }

  get vitals(): Vitals {
    return this.#vitals;
  }

  /** @param threadId the kernel's number; null where nobody knows it, and then no spinning is seen */
  ready(threadId: number | null): void {
    this.#threadId = threadId;
  }

  /** @param onSpin its loop does not turn, although it gets all the processor time that it could need */
  ping(id: number, onSpin: () => void): void {
    this.thread.post({ kind: 'ping', id });
    const threadId = this.#threadId;
    if (threadId === null) return;
    const usedMs = (): number | null => threadTimeMs(threadId);
    this.#endSpinWatch = watchForSpin({ clock: this.#clock, usedMs, onSpin });
  }

  pong(loopDelayP99Ms: number): void {
    this.#endSpinWatch();
    this.#vitals = { utilisation: this.thread.utilisation(), loopDelayP99Ms };
  }

  /** Nothing is expected of it any more. */
  gone(): void {
    this.#endSpinWatch();
  }
}
