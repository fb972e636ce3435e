import type { Clock } from './clock.js';
import type { FromActor, Outcome } from './envelope.js';
import { RbError, rbError } from './errors.js';
import type { RequestName } from './messages.js';

/** The requests of one actor that wait for an answer, each with its deadline. */
export interface OutgoingRequests {
  /** Rejects with what the owner answered, or with `message.deadline`. */
  send(name: RequestName, payload: unknown, deadlineMs: number): Promise<unknown>;
  /** An answer arrived; one that nobody waits for any longer is dropped. */
  settle(id: number, outcome: Outcome): void;
}

/**
 * The router keeps the same deadline and answers for owners that die; this one is the safety net for when the
 * main thread itself does not come round to it.
 */
export const outgoingRequests = (
  where: string,
  clock: Clock,
  post: (message: FromActor) => void,
): OutgoingRequests => {
  const waiting = new Map<number, (outcome: Outcome) => void>();
  let nextId = 1;
  return {
    send: (name, payload, deadlineMs) => {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        post({ kind: 'request', id, name, payload, deadlineMs });
        const cancel = clock.after(deadlineMs, () => {
          waiting.delete(id);
          reject(rbError('message.deadline', where, { name, deadlineMs }));
        });
        waiting.set(id, (outcome) => {
          cancel();
          waiting.delete(id);
          if (outcome.ok) resolve(outcome.answer);
          else reject(new RbError(outcome.error));
        });
      });
    },
    settle: (id, outcome) => waiting.get(id)?.(outcome),
  };
};
