import { errorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import type { OwnPoints } from './own-points.js';
import { NO_RENEWAL, renewalVerdict, WANTED_POINTS, type RenewalState } from './service-renewal.js';

/** Has the service set up anew when too few of its points have lived for a while. */
export class PointsRenewal {
  readonly #log: Logger;
  #state: RenewalState = NO_RENEWAL;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Another connection: what lacked before may not lack any more. */
  reset(): void {
    this.#state = NO_RENEWAL;
  }

  /** @param may whether Tor is up, and the service ours to set */
  step(
    nowMs: number,
    may: boolean,
    points: Pick<OwnPoints, 'live' | 'circuits'>,
    renew: () => void,
  ): number | null {
    if (!may) {
      this.#state = { ...this.#state, lackingSinceMs: null };
      return null;
    }
    const verdict = renewalVerdict(this.#state, points.live, points.circuits, nowMs);
    this.#state = verdict.state;
    if (verdict.renew) {
      const detail = { alive: points.live, wanted: WANTED_POINTS };
      this.#log.warn('too few introduction points', {}, errorData('tor.too-few-points', 'tor', detail));
      renew();
    }
    return verdict.wakeAtMs;
  }
}
