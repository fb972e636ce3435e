import type { TaskInput, TaskName, TaskResult } from '@rustbalance/crypto-worker/tasks.js';
import type { Clock } from './clock.js';
import type { Config } from './config/schema.js';
import type { Inspection, StopReason } from './envelope.js';
import type { Logger } from './logging.js';
import type {
  ActorName,
  Answer,
  FactName,
  OrderName,
  Owned,
  Payload,
  RequestName,
  SignalName,
} from './messages.js';
import type { Random } from './random.js';
import type { ActorSecrets } from './secrets.js';

/** All that an actor may touch of the world outside its own resources. */
export interface ActorContext<A extends ActorName> {
  readonly name: A;
  /** Incarnation number, from 1. */
  readonly generation: number;
  readonly config: Config;
  readonly secrets: ActorSecrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Publishes the newest state of a fact of ours; an equal payload is not sent again. */
  publish<N extends Owned<A, FactName>>(name: N, payload: Payload<N>): void;
  signal<N extends Owned<A, SignalName>>(name: N, payload: Payload<N>): void;
  order<N extends OrderName>(name: N, payload: Payload<N>): void;
  /** Rejects with RbError `message.deadline`, `message.peer-died`, or the error that the owner answered with. */
  request<N extends RequestName>(name: N, payload: Payload<N>, deadlineMs: number): Promise<Answer<N>>;
  /**
   * Runs a task of the crypto pool: all curve, bulk and Argon2 work goes there. What the task refuses comes as a
   * result with its code; rejects only when the pool itself does not answer.
   */
  crypto<T extends TaskName>(task: T, input: TaskInput<T>, deadlineMs?: number): Promise<TaskResult<T>>;
}

/** Handlers by message name: facts and signals it subscribes to, orders and requests that it owns. */
export type Handlers<A extends ActorName> = {
  readonly [N in FactName | SignalName]?: (payload: Payload<N>) => void;
} & { readonly [N in Owned<A, OrderName>]: (payload: Payload<N>) => void } & {
  readonly [N in Owned<A, RequestName>]: (payload: Payload<N>) => Promise<Answer<N>>;
};

export interface RunningActor<A extends ActorName> {
  readonly handlers: Handlers<A>;
  /** True while the xstate machine is active: the pong is the machine's own, not the event loop's. */
  alive(): boolean;
  inspect(): Inspection;
  /**
   * Orderly end. At a shutdown: release what others would have to wait for. When replaced: keep what the next incarnation
   * goes on with, as after a crash, so that nobody outside notices more than of a crash.
   */
  stop(deadlineMs: number, reason: StopReason): Promise<void>;
}

/** What an actor's folder exports from `actor.ts`; `thread.ts` beside it runs it in a worker thread. */
export interface ActorDefinition<A extends ActorName> {
  readonly name: A;
  /** Resolves when the actor can take messages ("ready" is this handshake, not Tor's bootstrap). */
  start(context: ActorContext<A>): Promise<RunningActor<A>>;
}
