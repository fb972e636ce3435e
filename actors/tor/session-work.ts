import { toErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';

export interface SessionWorkEffects {
  readonly log: Logger;
  poke(): void;
}

/** What a watch asks of Tor or has it do: one at a time, and of interest only while the connection of then lasts. */
export class SessionWork {
  readonly #effects: SessionWorkEffects;
  #active = false;
  #isBusy = false;
  #session = 0;

  constructor(effects: SessionWorkEffects) {
    this.#effects = effects;
  }

  /** There is a connection, and nothing is under way on it. */
  get isFree(): boolean {
    return this.#active && !this.#isBusy;
  }

  /** A connection to Tor is there. */
  begin(): void {
    this.#session++;
    this.#active = true;
    this.#isBusy = false;
  }

  /** It is lost. */
  end(): void {
    this.#session++;
    this.#active = false;
  }

  /** Tells later whether the connection of now is still the one. */
  whileConnected(): () => boolean {
    const session = this.#session;
    return () => session === this.#session;
  }

  /** A failure costs a line for developers: the watch looks again. */
  run(work: Promise<void>): void {
    const isCurrent = this.whileConnected();
    this.#isBusy = true;
    void work
      .catch((error: unknown) => {
        this.#effects.log.debug('tor could not be asked', { problem: toErrorData(error, 'tor').what });
      })
      .then(() => {
        if (!isCurrent()) return;
        this.#isBusy = false;
        this.#effects.poke();
      });
  }
}
