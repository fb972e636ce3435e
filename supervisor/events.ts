import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';

/** When an event is handled, and the randomness that its handling may use. */
export interface Moment {
  readonly monotonicMs: number;
  /** Uniform in [0, 1). */
  readonly uniform: number;
}

/** Of one incarnation: an event of another generation than the current one is stale and changes nothing. */
interface OfIncarnation {
  readonly id: string;
  readonly generation: number;
}

export type SupervisorEvent =
  | { readonly kind: 'boot' }
  | ({ readonly kind: 'ready'; readonly version: number } & OfIncarnation)
  /** Why it is about to end, in its own words or from its uncaught error; the end itself comes as `exited`. */
  | ({ readonly kind: 'failing'; readonly error: ErrorData } & OfIncarnation)
  /** It has finished in order and is about to exit. */
  | ({ readonly kind: 'finished' } & OfIncarnation)
  | ({ readonly kind: 'exited'; readonly code: number } & OfIncarnation)
  | ({ readonly kind: 'pong'; readonly alive: boolean } & OfIncarnation)
  /** It owes a pong, and its loop has not turned once in all the processor time that it used since the ping. */
  | ({ readonly kind: 'spinning' } & OfIncarnation)
  /** The repair engine wants it ended and started again. */
  | ({ readonly kind: 'restart-ordered'; readonly error: ErrorData } & OfIncarnation)
  /** The repair engine is at its wits' end: the service manager shall start the process afresh. */
  | { readonly kind: 'give-up-ordered'; readonly error: ErrorData }
  | { readonly kind: 'stop-requested' }
  /** Stop this child in order and start it with what it would be born with now. */
  | { readonly kind: 'replace'; readonly id: string }
  /** Time has passed: nextDue() says when to send it. */
  | { readonly kind: 'tick' };
