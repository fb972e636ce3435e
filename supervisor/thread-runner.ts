import { performance } from 'node:perf_hooks';
import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { FromActor, ToActor } from '@rustbalance/actors/kernel/envelope.js';
import type { StartThread, ThreadListener } from './actor-thread-handle.js';
import { crashData } from './crash-data.js';
import { lineCutter } from './output-lines.js';
import { actorWorker } from './spare-threads.js';
import type { SpareThreads } from './spare-threads.js';
import type { ThreadPlan } from './thread-plans.js';

/** Longer lines that a thread writes past the logger are cut. */
const LONGEST_LINE = 300;

/** Starts actors in worker threads. */
export const threadStarter =
  (planOf: (name: ActorName) => ThreadPlan, spare: SpareThreads | null = null): StartThread =>
  (birth, listener) => {
    const ready = spare?.take(birth.name) ?? null;
    const worker = ready ?? actorWorker(birth.name, planOf(birth.name), birth);
    watch(worker, birth.name, listener);
    if (ready !== null) ready.postMessage({ kind: 'birth', birth } satisfies ToActor);
    let sampled: EventLoopUtilization | null = null;
    return {
      post: (message) => {
        worker.postMessage(message);
      },
      terminate: () => {
        // The promise is of no use: what counts is the exit event, in its order after the others.
        void worker.terminate();
      },
      utilisation: () => {
        const now = worker.performance.eventLoopUtilization();
        const { utilization } = sampled === null ? now : performance.eventLoopUtilization(now, sampled);
        sampled = now;
        return utilization;
      },
    };
  };

/** Node's order of a thread's end is `error`, then `exit`: the first says why, only the second says that. */
const watch = (worker: Worker, name: ActorName, listener: ThreadListener): void => {
  worker.on('message', (message: FromActor) => {
    listener.message(message);
  });
  worker.on('messageerror', (error) => {
    listener.failing(crashData(name, error));
    void worker.terminate();
  });
  worker.on('error', (error: unknown) => {
    listener.failing(crashData(name, error));
  });
  worker.on('exit', (code) => {
    listener.exited(code);
  });
  for (const stream of [worker.stdout, worker.stderr]) {
    const cutter = lineCutter(LONGEST_LINE);
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of cutter.push(chunk)) listener.wrote(line);
    });
  }
};
