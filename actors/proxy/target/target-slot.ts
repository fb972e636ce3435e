import type { Clock } from '../../kernel/clock.js';
import type { OriginPair } from '../http/write-head.js';
import type { TargetPool } from '../http/target-pool.js';
import type { ProxyTargetView } from '../messages.js';
import type { Traffic } from '../traffic.js';
import type { Candidate } from './choose-target.js';
import type { TargetConnector } from './target-connector.js';
import type { TargetFailure } from './target-failure.js';

/** What the probes say of a target. */
export interface TargetVerdict {
  readonly state: ProxyTargetView['state'];
  /** Failures in a row. */
  readonly failures: number;
}

/**
 * A target that failed a moment ago gets a tenth of what the others get: with little to do nothing at all, and under load
 * enough to show that it is back before the probes do.
 */
const DOUBTFUL_WEIGHT = 0.1;

/**
 * A target that fails is probed every 5 s, and a probe ends within a connect time-out (30 s). Whoever says nothing for this
 * long does not probe any more: better let clients try than turn them away for ever.
 */
const VERDICT_HOLDS_MS = 120_000;

/**
 * Requests wait, and none has been answered for this long: the target is probed at once, since a target that hangs fails
 * nobody until the session's time-out. As long as a probe may take; shorter, and slow pages cost probes.
 */
const SILENCE_MS = 5000;

/** One target: the connections to it, what is under way there, and what is thought of it. */
export class TargetSlot implements Candidate {
  /** Its place in the configuration. */
  readonly index: number;
  readonly connector: TargetConnector;
  readonly pool: TargetPool;
  readonly origins: OriginPair;
  readonly #traffic: Traffic;
  readonly #clock: Clock;
  #outstanding = 0;
  /** Those of them that have had nothing of an answer yet. */
  #unanswered = 0;
  /** When it answered last, or began to owe an answer. */
  #silentSinceMs = 0;
  #failuresTotal = 0;
  #suspect = false;
  #verdict: TargetVerdict = { state: 'unknown', failures: 0 };
  #verdictUntilMs = 0;

  constructor(
    index: number,
    connections: Pick<TargetSlot, 'connector' | 'pool' | 'origins'>,
    services: { readonly traffic: Traffic; readonly clock: Clock },
  ) {
    this.index = index;
    this.connector = connections.connector;
    this.pool = connections.pool;
    this.origins = connections.origins;
    this.#traffic = services.traffic;
    this.#clock = services.clock;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  get weight(): number {
    const { state, failures } = this.#currentVerdict();
    if (state === 'down') return 0;
    return this.#suspect || failures > 0 ? DOUBTFUL_WEIGHT : 1;
  }

  get failuresTotal(): number {
    return this.#failuresTotal;
  }

  get view(): ProxyTargetView {
    return {
      state: this.#currentVerdict().state,
      suspect: this.#suspect,
      outstanding: this.#outstanding,
      failuresTotal: this.#failuresTotal,
    };
  }

  get isDown(): boolean {
    return this.#currentVerdict().state === 'down';
  }

  /** It owes answers, and has given none for a while. */
  isSilent(nowMs: number): boolean {
    return this.#unanswered > 0 && nowMs - this.#silentSinceMs > SILENCE_MS;
  }

  /** A request or a raw connection goes there. */
  enter(): void {
    this.#outstanding++;
    if (this.#unanswered++ === 0) this.#silentSinceMs = this.#clock.monotonicMs();
  }

  /** It is over; once for each that entered. @param wasAnswered `answered` was called for it */
  leave(wasAnswered: boolean): void {
    this.#outstanding--;
    if (!wasAnswered) this.#unanswered--;
  }

  /** The answer has begun; once for each that entered, at most. */
  answered(): void {
    this.#traffic.targetAnswers++;
    this.#unanswered--;
    this.#silentSinceMs = this.#clock.monotonicMs();
    this.#suspect = false;
  }

  failed(failure: TargetFailure): void {
    this.#traffic.targetFailed(failure);
    this.#failuresTotal++;
    this.#suspect = true;
  }

  judge(verdict: TargetVerdict): void {
    this.#verdict = verdict;
    this.#verdictUntilMs = this.#clock.monotonicMs() + VERDICT_HOLDS_MS;
  }

  #currentVerdict(): TargetVerdict {
    const { state, failures } = this.#verdict;
    const isGood = state !== 'down' && failures === 0;
    return isGood || this.#clock.monotonicMs() < this.#verdictUntilMs
      ? this.#verdict
      : { state: 'unknown', failures: 0 };
  }
}
