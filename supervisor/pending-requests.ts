import type { CancelTimer, Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Outcome } from '@rustbalance/actors/kernel/envelope.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ParticipantName, RequestName } from '@rustbalance/actors/kernel/messages.js';

/** Who asked. The main thread's own parts have generation 0. */
export interface Asker {
  readonly name: ParticipantName;
  readonly generation: number;
}

/** Every request under way: each is settled exactly once, by its answer, its deadline or its owner's death. */
export interface PendingRequests {
  /** Null when the asker has too many under way already. */
  open(
    name: RequestName,
    owner: ParticipantName,
    asker: Asker,
    deadlineMs: number,
    settle: Settle,
  ): number | null;
  /** It has reached this incarnation of its owner, whose death now settles it. */
  delivered(id: number, generation: number): void;
  settle(id: number, outcome: Outcome): void;
  /** Settles what this incarnation had accepted, and forgets what it asked; answers the ids of the latter. */
  died(name: ParticipantName, generation: number): readonly number[];
  owns(id: number, owner: ParticipantName): boolean;
}

export type Settle = (outcome: Outcome) => void;

interface Pending {
  readonly name: RequestName;
  readonly owner: ParticipantName;
  readonly asker: Asker;
  readonly settle: Settle;
  readonly cancelDeadline: CancelTimer;
  generation: number | null;
}

/** Far above what an actor has under way in any state that is well. */
const MOST_PER_ASKER = 2_000;

/** A deadline out of this range is a mistake; it is cut to it. */
const LONGEST_DEADLINE_MS = 10 * 60_000;

const bounded = (deadlineMs: number): number =>
  Number.isFinite(deadlineMs) ? Math.min(LONGEST_DEADLINE_MS, Math.max(1, deadlineMs)) : LONGEST_DEADLINE_MS;

/** @param overdue is told of a request that is given up, so that it need not be delivered any more */
export const pendingRequests = (
  clock: Clock,
  overdue: (id: number, owner: ParticipantName) => void,
): PendingRequests => {
  const pending = new Map<number, Pending>();
  let nextId = 1;

  const close = (id: number, request: Pending): void => {
    request.cancelDeadline();
    pending.delete(id);
  };

  const settle = (id: number, outcome: Outcome): void => {
    const request = pending.get(id);
    if (request === undefined) return;
    close(id, request);
    request.settle(outcome);
  };

  return {
    open: (name, owner, asker, deadlineMs, onSettled) => {
      const open = [...pending.values()].filter((other) => other.asker.name === asker.name).length;
      if (open >= MOST_PER_ASKER) return null;
      const id = nextId++;
      const waitMs = bounded(deadlineMs);
      const cancelDeadline = clock.after(waitMs, () => {
        overdue(id, owner);
        settle(id, { ok: false, error: errorData('message.deadline', owner, { name, deadlineMs: waitMs }) });
      });
      pending.set(id, { name, owner, asker, settle: onSettled, cancelDeadline, generation: null });
      return id;
    },
    delivered: (id, generation) => {
      const request = pending.get(id);
      if (request !== undefined) request.generation = generation;
    },
    settle,
    died: (name, generation) => {
      const orphaned: number[] = [];
      for (const [id, request] of pending) {
        if (request.owner === name && request.generation === generation) {
          const error = errorData('message.peer-died', name, { peer: name, name: request.name });
          settle(id, { ok: false, error });
        } else if (request.asker.name === name && request.asker.generation === generation) {
          close(id, request);
          orphaned.push(id);
        }
      }
      return orphaned;
    },
    owns: (id, owner) => pending.get(id)?.owner === owner,
  };
};
