import { hostname } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';

/** What a command touches outside its own work, so that tests can be the world. */
export interface CliWorld {
  /** `rustbalance` or `rbctl`: the name it was called by. */
  readonly programName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly workingDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** May the output hold colours and redraw the screen? */
  readonly isTerminal: boolean;
  /** Aborts when the operator has had enough (^C). */
  readonly interrupted: AbortSignal;
  hostName(): string;
  /** Writes text to standard output as it is. */
  print(text: string): void;
  /** Writes text to standard error as it is. */
  complain(text: string): void;
  /** Asks a yes-or-no question; null when nobody is there to answer. */
  confirm(question: string): Promise<boolean | null>;
}

const confirmOnTerminal = async (question: string): Promise<boolean | null> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
};

/** Aborts at the first ^C, which otherwise would end the process at once; the second one does. */
const onInterrupt = (): AbortSignal => {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
  });
  return controller.signal;
};

/** The real world of this process. */
export const systemWorld = (programName: string): CliWorld => ({
  programName,
  clock: systemClock,
  random: systemRandom,
  workingDirectory: process.cwd(),
  env: process.env,
  isTerminal: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  // Only what looks at it takes ^C into its own hands.
  get interrupted() {
    return onInterrupt();
  },
  hostName: hostname,
  print: (text) => {
    process.stdout.write(text);
  },
  complain: (text) => {
    process.stderr.write(text);
  },
  confirm: confirmOnTerminal,
});
