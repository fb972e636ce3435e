import type { PublisherEffects } from './effects.js';
import { AFTER_FAILURE_MS } from './pace.js';

/** What takes time and is done once at a time. */
export type BackgroundWork = 'planning' | 'building' | 'reading';

/** How the work ended, before the next step runs. */
type Ended = (failed: boolean) => void;

/** The things that take time: at most one of each is under way, and each ends with a step. */
export class Background {
  readonly #effects: Pick<PublisherEffects, 'clock' | 'log'>;
  readonly #poke: () => void;
  readonly #busy: Record<BackgroundWork, boolean> = { planning: false, building: false, reading: false };
  #afterFailureMs = 0;

  constructor(effects: Pick<PublisherEffects, 'clock' | 'log'>, poke: () => void) {
    this.#effects = effects;
    this.#poke = poke;
  }

  isBusy(what: BackgroundWork): boolean {
    return this.#busy[what];
  }

  /** Until when (monotonic ms) nothing is tried that failed a moment ago. */
  get afterFailureMs(): number {
    return this.#afterFailureMs;
  }

  run(what: BackgroundWork, complaint: string, work: () => Promise<void>, ended?: Ended): void {
    this.#busy[what] = true;
    let failed = false;
    work()
      .catch((error: unknown) => {
        failed = true;
        this.#effects.log.error(complaint, { reason: String(error) });
        this.#afterFailureMs = this.#effects.clock.monotonicMs() + AFTER_FAILURE_MS;
      })
      .finally(() => {
        this.#busy[what] = false;
        ended?.(failed);
        this.#poke();
      });
  }
}
