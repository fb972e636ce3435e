import type { ActorBirth, FromActor, ToActor } from '@rustbalance/actors/kernel/envelope.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';

/** One incarnation of an actor, as the main thread holds it. */
export interface ActorThread {
  /** To a thread that has ended this is silence. */
  post(message: ToActor): void;
  /** Ends it wherever it is; `exited` follows, except from a native call that does not return. */
  terminate(): void;
  /** Event-loop utilisation since the last call, 0 to 1: readable even while the thread hangs. */
  utilisation(): number;
}

/** What a thread tells; nothing comes after `exited`. */
export interface ThreadListener {
  message(message: FromActor): void;
  /** It ends by an error that nobody caught; `exited` follows. */
  failing(error: ErrorData): void;
  exited(code: number): void;
  /** A line that its code, or a library in it, wrote past the logger. */
  wrote(line: string): void;
}

export type StartThread = (birth: ActorBirth, listener: ThreadListener) => ActorThread;
