import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { ExitCode } from './exit-codes.js';
import type { Layout } from './layout.js';

/** Times are monotonic milliseconds. */
export type Life =
  /** No thread. */
  | { readonly at: 'down' }
  /** A thread loads its code and waits for its turn. */
  | { readonly at: 'loading' }
  | { readonly at: 'starting'; readonly deadline: number }
  | {
      readonly at: 'up';
      readonly since: number;
      /** When the ping that waits for its pong was sent. */
      readonly pingedAt: number | null;
      readonly nextPingAt: number;
    }
  | {
      readonly at: 'ending';
      /** Its handshake; null when it was never up. */
      readonly since: number | null;
      readonly step: 'asked' | 'terminated';
      readonly deadline: number;
      /** Whether we stop it, or it failed and only its death is awaited. */
      readonly intent: 'stop' | 'failed';
    };

export interface Child {
  readonly life: Life;
  /** Of the current or last incarnation; 0 before the first. */
  readonly generation: number;
  /** Restarts in a row of lives that were too short: what the back-off counts. */
  readonly shortLives: number;
  /** All its restarts, for the operator. */
  readonly restarts: number;
  /** Why the current incarnation is about to end, once it is known. */
  readonly lastWords: ErrorData | null;
  /** It said that it has finished. */
  readonly finished: boolean;
  readonly lastError: ErrorData | null;
  /** Ended for good: a temporary child, or a transient one that has done its work. */
  readonly gone: boolean;
}

/** The restart of a unit from one of its children on. */
export interface Plan {
  readonly from: number;
  /** Not started again before this. */
  readonly dueAt: number;
  /** Still stopping what lives from `from` on. */
  readonly clearing: boolean;
  /** The child whose turn it is to start. */
  readonly next: number;
  /** Somebody asked for it: nothing has failed. */
  readonly replaces: boolean;
}

export type Phase =
  | { readonly at: 'idle' }
  /** Starting for the first time; `next` is an index of Layout.places. */
  | { readonly at: 'booting'; readonly next: number }
  | { readonly at: 'running' }
  | { readonly at: 'stopping'; readonly code: ExitCode }
  | { readonly at: 'ended'; readonly code: ExitCode };

export interface State {
  readonly phase: Phase;
  readonly children: ReadonlyMap<string, Child>;
  /** By unit of the layout; null when nothing is to be restarted. */
  readonly plans: readonly (Plan | null)[];
  /** Restart times by group. */
  readonly restarts: ReadonlyMap<string, readonly number[]>;
  /** To stop as soon as what is being replaced is there (stopping.ts). */
  readonly stopAwaits: boolean;
}

const NEVER_LIVED: Child = {
  life: { at: 'down' },
  generation: 0,
  shortLives: 0,
  restarts: 0,
  lastWords: null,
  finished: false,
  lastError: null,
  gone: false,
};

export const initialState = (layout: Layout): State => ({
  phase: { at: 'idle' },
  children: new Map(layout.places.map(({ spec }) => [spec.id, NEVER_LIVED])),
  plans: layout.units.map(() => null),
  restarts: new Map(),
  stopAwaits: false,
});
