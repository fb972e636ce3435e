import type { Clock } from '@rustbalance/actors/kernel/clock.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only when told to. The wall clock can be stepped apart from the monotonic one. */
export class SimulatedClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallStartMs: number) {
    this.#wallOffsetMs = wallStartMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Steps the wall clock, as NTP or an operator would; timers do not notice. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Fires everything due within the next `ms`, in order, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(endMs); next !== null; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | null {
    let best: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      if (best === null || timer.atMs < best.atMs || (timer.atMs === best.atMs && timer.order < best.order))
        best = timer;
    }
    return best;
  }
}

/** Lets every promise that is ready run its course: one turn of the loop after the microtasks. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
