import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { SeenCounter } from '../election/messages.js';
import { fenceEntries, raised, within } from './counter-fence.js';
import type { CounterFence } from './counter-fence.js';

/** Each refusal in a row doubles the leap over an HSDir's unknown higher counter, up to about an hour. */
const LARGEST_LEAP = 2 ** 12;

/**
 * Nothing but an n that was read from a descriptor takes the fence above this: neither guesses nor what peers tell. Tor
 * itself stops at 2^18 seconds and a clock that is judged sane is a day and a half ahead at most, while above
 * LARGEST_COUNTER_INPUT (2^20) nothing can be built any more: one HSDir that refuses everything, or one member that
 * names an absurd n, would end publishing for the whole cluster.
 */
const FURTHEST_BELIEVED = 2 ** 19;

/**
 * HSDirs keep a descriptor for 12 hours at most and a period lasts a day; the rest is for a Tor that restarts with an
 * old consensus. Later periods than this only a member makes up that wants to fill the fence.
 */
const PERIODS_REMEMBERED = 3;

/** The fence, and which descriptors need a higher counter although their content is the same. */
export class Counters {
  #fence: CounterFence;
  #leap = 1;
  #recount = new Set<TimePeriodNumber>();

  constructor(restored: readonly SeenCounter[]) {
    this.#fence = raised(new Map(), restored);
  }

  get fence(): CounterFence {
    return this.#fence;
  }

  get entries(): readonly SeenCounter[] {
    return fenceEntries(this.#fence);
  }

  get recountWanted(): boolean {
    return this.#recount.size > 0;
  }

  /** What this node used itself, or found in a descriptor. */
  raise(seen: readonly SeenCounter[]): void {
    this.#fence = raised(this.#fence, seen);
  }

  /** What peers say that they used. */
  raiseByPeers(seen: readonly SeenCounter[]): void {
    this.raise(seen.filter(({ n }) => n <= FURTHEST_BELIEVED));
  }

  /** Drops what no descriptor can need, given the first descriptor's period. */
  forgetFarFrom(first: TimePeriodNumber): void {
    this.#fence = within(this.#fence, first - PERIODS_REMEMBERED, first + PERIODS_REMEMBERED);
  }

  /** An HSDir took our counter: the next refusal starts small again. */
  trusted(): void {
    this.#leap = 1;
  }

  /** An HSDir holds a counter as high as ours or higher: the next build goes above it, by guess if n is unknown. */
  outrun(timePeriod: TimePeriodNumber, n: number | null): void {
    if (n === null) {
      const known = this.#fence.get(timePeriod) ?? 0;
      this.raise([{ timePeriod, n: Math.min(known + this.#leap, FURTHEST_BELIEVED) }]);
      this.#leap = Math.min(this.#leap * 2, LARGEST_LEAP);
    } else {
      this.raise([{ timePeriod, n }]);
    }
    this.#recount.add(timePeriod);
  }

  /** Would what was built for this period be refused? */
  isOutrun(timePeriod: TimePeriodNumber): boolean {
    return this.#recount.has(timePeriod);
  }

  /** The periods to count anew, once. */
  takeRecount(): ReadonlySet<TimePeriodNumber> {
    const taken = this.#recount;
    this.#recount = new Set();
    return taken;
  }
}
