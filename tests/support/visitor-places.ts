import type { CancelTimer, Clock } from '@rustbalance/actors/kernel/clock.js';

/** Places for visits that are under way: whoever comes while all are taken waits in line. */
export class VisitorPlaces<Visitor> {
  readonly #free: Visitor[];
  readonly #waiting: ((visitor: Visitor) => void)[] = [];
  readonly #clock: Clock;

  constructor(visitors: readonly Visitor[], clock: Clock) {
    this.#free = [...visitors];
    this.#clock = clock;
  }

  /** The visitor that has been idle for longest, or the first that comes back within `patienceMs`; else null. */
  take(patienceMs: number): Promise<Visitor | null> {
    const idle = this.#free.shift();
    if (idle !== undefined) return Promise.resolve(idle);
    return new Promise((resolve) => {
      let giveUp: CancelTimer = () => undefined;
      const served = (visitor: Visitor): void => {
        giveUp();
        resolve(visitor);
      };
      giveUp = this.#clock.after(patienceMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(served), 1);
        resolve(null);
      });
      this.#waiting.push(served);
    });
  }

  giveBack(visitor: Visitor): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(visitor);
    else next(visitor);
  }
}
