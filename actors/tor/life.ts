import type { ErrorData } from '../kernel/errors.js';
import type { ControlConnection } from './control/connection.js';

/** What the life of Tor needs done. Everything is repeatable: a second launch finds the Tor that runs. */
export interface LifeEffects {
  readonly monotonicMs: () => number;
  /** Makes sure that our own Tor runs, and says whether it was just started; rejects with why it cannot be. */
  readonly launch: () => Promise<boolean>;
  /** Reaches the control port by `deadlineMs` (monotonic). */
  readonly connect: (deadlineMs: number, signal: AbortSignal) => Promise<ControlConnection>;
  /** Authenticates, subscribes and reads the state, by `deadlineMs`; the session is in use from here on. `signal`: not any more. */
  readonly open: (connection: ControlConnection, deadlineMs: number, signal: AbortSignal) => Promise<void>;
  /** Ends our own Tor, hung or not, and waits until it is gone; of a system Tor, has its unit restarted. */
  readonly endTor: (why: Ending) => Promise<void>;
  /** Nobody speaks with Tor any more; whether it lives is not known. */
  readonly dropSession: () => void;
  /** Tor is gone, with all its circuits. */
  readonly torGone: () => void;
}

/** Why Tor is ended. */
export interface Ending {
  /** It answers nothing, signals included. */
  readonly isHung: boolean;
  readonly error: ErrorData | null;
}

export interface LifeInput {
  /** Is Tor our own, to start and to end? */
  readonly managed: boolean;
  /** May the unit of a system Tor be restarted? */
  readonly restartsUnit: boolean;
  readonly effects: LifeEffects;
}

export interface LifeContext extends LifeInput {
  readonly connection: ControlConnection | null;
  readonly bootstrapped: boolean;
  /** Monotonic times of recent deaths of our own Tor, or restarts of a system Tor by us. */
  readonly recentDeaths: readonly number[];
  readonly deaths: number;
  /** Was there a connection since the last death? A system Tor's death shows by nothing else. */
  readonly wasOnline: boolean;
  /** Failed attempts in a row to reach a system Tor. */
  readonly attempts: number;
  /** Connections in a row that ended soon after they were made. */
  readonly losses: number;
  /** Since when (monotonic) there is no connection; null while there is one. */
  readonly downSinceMs: number | null;
  /** It was connected to, and did not answer. */
  readonly isHung: boolean;
  /** Until when (monotonic) Tor must have answered. */
  readonly answerByMs: number;
  readonly backoffMs: number;
  readonly lastError: ErrorData | null;
}

export type LifeEvent =
  /** Our own Tor's process ended. */
  | { readonly type: 'EXITED'; readonly error: ErrorData }
  /** The connection ended. */
  | { readonly type: 'LOST'; readonly error: ErrorData }
  /** Tor answers and is of no use: another is to take its place. */
  | { readonly type: 'STUCK'; readonly error: ErrorData }
  | { readonly type: 'SERVICE_FOUND' }
  | { readonly type: 'SERVICE_MISSING'; readonly error: ErrorData }
  | { readonly type: 'BOOTSTRAPPED' };
