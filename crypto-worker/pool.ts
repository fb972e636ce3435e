/**
 * The entry of a pool thread: piscina loads this file and calls `run` (option `name: 'run'`). It starts nothing
 * by itself and never throws: an error that crosses threads would lose its code.
 */
import { type Failure, type Result, failure } from './result.js';
import { TASKS, type TaskCall, type TaskName, type TaskResult, isTaskName } from './tasks.js';

/** First place in our own files of a stack: says where without the message, which may hold values. */
const whereOf = (thrown: unknown): string => {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  return /([\w-]+\.(?:js|ts):\d+):\d+\)?$/m.exec(stack)?.[1] ?? 'an unknown place';
};

const crashed = (thrown: unknown): Failure => {
  const kind = thrown instanceof Error ? thrown.constructor.name : typeof thrown;
  return failure('task.crashed', `${kind} at ${whereOf(thrown)}`);
};

/** Runs one task. Messages of thrown errors are dropped, since they can quote key material. */
export const run = (call: TaskCall): Result<unknown> => {
  try {
    if (!isTaskName(call.task)) return failure('task.unknown', 'there is no such task');
    const task = TASKS[call.task] as (input: unknown) => TaskResult<TaskName>;
    return task(call.input);
  } catch (thrown) {
    return crashed(thrown);
  }
};
