import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { SpareThreads } from '@rustbalance/supervisor/spare-threads.js';
import { runAttached } from './attached-command.js';
import { hasUnit } from './systemd-unit.js';
import { confirmOn } from './terminal-confirm.js';
import { askSecretOnTerminal, readDescriptor } from './terminal-secret.js';

/** What a command touches outside its own work, so that tests can be the world. */
export interface CliWorld {
  /** `rustbalance` or `rbctl`: the name it was called by. */
  readonly programName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly workingDirectory: string;
  /** Threads of a daemon that load already; null where none will be needed. */
  readonly spareThreads: SpareThreads | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** May the output hold colours and redraw the screen? */
  readonly isTerminal: boolean;
  /** Characters in a line of the terminal; null when the output is none. */
  columns(): number | null;
  /** Aborts when the operator has had enough (^C), or the service manager has. */
  readonly interrupted: AbortSignal;
  hostName(): string;
  /** Threads that can compute at the same time. */
  processors(): number;
  /** Does systemd run this machine? */
  hasSystemd(): boolean;
  /** Is a unit of this name installed there, and not masked? */
  hasUnit(name: string): boolean;
  /** May this process do what it likes on this machine? */
  isRoot(): boolean;
  /** Runs a command on the operator's terminal; its exit code, or null when it cannot be run or did not end by itself. */
  runAttached(command: string, args: readonly string[]): Promise<number | null>;
  /** Writes text to standard output as it is. */
  print(text: string): void;
  /** Writes text to standard error as it is. */
  complain(text: string): void;
  /** All of standard input, `limit` bytes at most; with somebody at the terminal, one line that is asked for. */
  readInput(question: string, limit: number): Promise<string>;
  /** Asks at the terminal without showing what is typed; null when there is none, or nobody answers. */
  askSecret(question: string): Promise<string | null>;
  /** What comes by a descriptor that this process was started with, `limit` bytes at most; null when it is none. */
  readDescriptor(descriptor: number, limit: number): Promise<Uint8Array | null>;
  /** Asks a yes-or-no question; null when nobody is there to answer. @param enterMeans no if absent */
  confirm(question: string, enterMeans?: boolean): Promise<boolean | null>;
}

const confirmOnTerminal = async (question: string, enterMeans = false): Promise<boolean | null> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  return confirmOn(process.stdin, process.stderr, question, enterMeans);
};

const readInput = async (question: string, limit: number): Promise<string> => {
  if (process.stdin.isTTY) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await lines.question(question)).slice(0, limit);
    } finally {
      lines.close();
    }
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit).toString('utf8');
};

/** Aborts at the first ^C, SIGTERM or end of the terminal, which otherwise would end the process at once; the second one does. */
const onInterrupt = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      controller.abort();
    });
  }
  return controller.signal;
};

/** The real world of this process. */
export const systemWorld = (programName: string, spareThreads: SpareThreads | null = null): CliWorld => ({
  programName,
  spareThreads,
  clock: systemClock,
  random: systemRandom,
  workingDirectory: process.cwd(),
  env: process.env,
  isTerminal: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  // Only what looks at it takes ^C into its own hands.
  get interrupted() {
    return onInterrupt();
  },
  columns: () => (process.stdout.isTTY ? process.stdout.columns : null),
  hostName: hostname,
  // os.cpus() is empty where /proc is restricted.
  processors: availableParallelism,
  // As sd_booted(3) tells.
  hasSystemd: () => existsSync('/run/systemd/system'),
  hasUnit: (name) => hasUnit(name),
  isRoot: () => process.geteuid?.() === 0,
  runAttached,
  print: (text) => {
    process.stdout.write(text);
  },
  complain: (text) => {
    process.stderr.write(text);
  },
  readInput,
  askSecret: (question) =>
    askSecretOnTerminal(question, (text) => {
      process.stderr.write(text);
    }),
  readDescriptor,
  confirm: confirmOnTerminal,
});
