import { ConfigError } from '@rustbalance/actors/kernel/config/problems.js';
import { errorData, errorLine, toErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { EXIT_CODES } from '@rustbalance/supervisor/exit-codes.js';
import type { CliWorld } from './world.js';

/** The command line itself is wrong. */
export class UsageError extends Error {
  readonly problems: readonly ErrorData[];

  constructor(problems: readonly ErrorData[]) {
    super(problems[0]?.what ?? 'usage');
    this.name = 'UsageError';
    this.problems = problems;
  }
}

/** @param command the words of the command, e.g. `rustbalance debug tor` */
export const usageError = (command: string, problem: string): UsageError =>
  new UsageError([errorData('cli.usage', command, { problem, command })]);

/** Ends a command with an exit code that has already been explained. */
export class Ended extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${String(exitCode)}`);
    this.name = 'Ended';
    this.exitCode = exitCode;
  }
}

interface Failure {
  readonly exitCode: number;
  readonly errors: readonly ErrorData[];
}

const failureOf = (thrown: unknown, programName: string): Failure => {
  if (thrown instanceof Ended) return { exitCode: thrown.exitCode, errors: [] };
  if (thrown instanceof ConfigError) return { exitCode: EXIT_CODES.config, errors: thrown.problems };
  if (thrown instanceof UsageError) return { exitCode: EXIT_CODES.usage, errors: thrown.problems };
  return { exitCode: EXIT_CODES.failure, errors: [toErrorData(thrown, programName)] };
};

/** Tells what went wrong, one line each (or one JSON object), and gives the exit code. */
export const reportFailure = (thrown: unknown, world: CliWorld, asJson: boolean): number => {
  const { exitCode, errors } = failureOf(thrown, world.programName);
  if (asJson && errors.length > 0) world.complain(`${JSON.stringify({ errors })}\n`);
  else for (const error of errors) world.complain(`${errorLine(error)}\n`);
  // For developers only: a stack says nothing to an operator, who has the line above.
  if (world.env['RUSTBALANCE_DEBUG'] === '1' && thrown instanceof Error && !(thrown instanceof Ended)) {
    world.complain(`${thrown.stack ?? ''}\n`);
  }
  return exitCode;
};
