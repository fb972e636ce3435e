import type { ErrorData } from './errors.js';
import type { LogLevel, LogRecord } from './logging.js';
import type {
  ActorName,
  FactName,
  MessageName,
  OrderName,
  ParticipantName,
  RequestName,
  SignalName,
} from './messages.js';

/** Raised when an envelope changes shape; the ready handshake refuses another version. */
export const PROTOCOL_VERSION = 2;

export const CHAOS_MODES = ['throw', 'exit', 'hang', 'oom'] as const;
export type ChaosMode = (typeof CHAOS_MODES)[number];

/** replace: the next incarnation goes on at once. shutdown: nobody does, and others must know. */
export type StopReason = 'replace' | 'shutdown';

/** What an actor shows of itself to `rbctl inspect`: plain data, nothing secret. */
export interface Inspection {
  /** The xstate state value, dotted: `up.configured`. */
  readonly state: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** What the router delivers: counted, so that an actor which does not keep up is noticed. */
export type Delivery =
  | { readonly kind: 'fact'; readonly name: FactName; readonly payload: unknown }
  | { readonly kind: 'signal'; readonly name: SignalName; readonly payload: unknown }
  | {
      readonly kind: 'order';
      readonly name: OrderName;
      readonly payload: unknown;
      readonly from: ParticipantName;
    }
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly name: RequestName;
      readonly payload: unknown;
      readonly from: ParticipantName;
    };

/** Main thread → actor thread. */
export type ToActor =
  | Delivery
  /** Who a thread is that was made before that was known; comes first. */
  | { readonly kind: 'birth'; readonly birth: ActorBirth }
  /** Start now. A thread loads its code as soon as it exists, but starts only in its turn. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'reply'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'inspect'; readonly id: number }
  | { readonly kind: 'log-level'; readonly level: LogLevel }
  | { readonly kind: 'stop'; readonly deadlineMs: number; readonly reason: StopReason }
  | { readonly kind: 'chaos'; readonly mode: ChaosMode };

/** Actor thread → main thread. The main thread knows actor and generation by the port. */
export type FromActor =
  | {
      readonly kind: 'ready';
      readonly version: number;
      readonly subscriptions: readonly MessageName[];
      /** The kernel's, so that its processor time can be told from outside; null where nobody knows it. */
      readonly threadId: number | null;
    }
  | { readonly kind: 'start-failed'; readonly error: ErrorData }
  | { readonly kind: 'fact'; readonly name: FactName; readonly payload: unknown }
  | { readonly kind: 'signal'; readonly name: SignalName; readonly payload: unknown }
  | { readonly kind: 'order'; readonly name: OrderName; readonly payload: unknown }
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly name: RequestName;
      readonly payload: unknown;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'reply'; readonly id: number; readonly outcome: Outcome }
  /** So many deliveries have been handled since the last of these. */
  | { readonly kind: 'handled'; readonly count: number }
  | { readonly kind: 'pong'; readonly id: number; readonly alive: boolean; readonly loopDelayP99Ms: number }
  | {
      readonly kind: 'inspection';
      readonly id: number;
      readonly inspection: Inspection;
      /** Requests that it is working on. */
      readonly answering: number;
      readonly heapUsedBytes: number;
    }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'log'; readonly record: LogRecord };

export type Outcome =
  { readonly ok: true; readonly answer: unknown } | { readonly ok: false; readonly error: ErrorData };

/** What a thread is born with (workerData, or its first message): structured-clone friendly. */
export interface ActorBirth {
  readonly name: ActorName;
  readonly generation: number;
  readonly config: unknown;
  readonly secrets: unknown;
  /** Whether chaos envelopes are obeyed (`[chaos] enabled`). */
  readonly chaos: boolean;
}
