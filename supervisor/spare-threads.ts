import { Worker } from 'node:worker_threads';
import { withoutServiceManager } from '@rustbalance/actors/kernel/environment.js';
import type { ActorBirth } from '@rustbalance/actors/kernel/envelope.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { ThreadPlan } from './thread-plans.js';

/** @param birth null where it follows as the first message */
export const actorWorker = (
  name: ActorName,
  { entry, limits }: ThreadPlan,
  birth: ActorBirth | null,
): Worker =>
  new Worker(entry, {
    name,
    workerData: birth,
    resourceLimits: limits,
    env: withoutServiceManager(process.env),
    stdout: true,
    stderr: true,
  });

/**
 * Threads that load their code before their turn: while the main thread still loads its own, when nobody knows yet whether and
 * as what they will be needed (after a crash clients wait for both), or while the one whose place they take still serves.
 */
export class SpareThreads {
  readonly #planOf: (name: ActorName) => ThreadPlan;
  readonly #workers = new Map<ActorName, Worker>();

  constructor(names: readonly ActorName[], planOf: (name: ActorName) => ThreadPlan) {
    this.#planOf = planOf;
    this.prepare(names);
  }

  /** Makes a thread for each of these for whom none waits. */
  prepare(names: readonly ActorName[]): void {
    for (const name of names) {
      if (this.#workers.has(name)) continue;
      const worker = this.#make(name);
      if (worker === null) continue;
      // One that dies unused is not missed: another is made in its turn, and dies where somebody listens.
      const forget = (): void => {
        this.#workers.delete(name);
      };
      worker.on('error', forget);
      worker.on('exit', forget);
      this.#workers.set(name, worker);
    }
  }

  /** Null where there is no room for another thread: it is made in its turn then, where a failure is seen to. */
  #make(name: ActorName): Worker | null {
    try {
      return actorWorker(name, this.#planOf(name), null);
    } catch {
      return null;
    }
  }

  /** Threads that nobody has taken. */
  get size(): number {
    return this.#workers.size;
  }

  take(name: ActorName): Worker | null {
    const worker = this.#workers.get(name) ?? null;
    this.#workers.delete(name);
    worker?.removeAllListeners('error').removeAllListeners('exit');
    return worker;
  }
}
