import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program as it is installed: the built CLI. */
export const MAIN = fileURLToPath(import.meta.resolve('@rustbalance/cli/main.js'));

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HowToRun {
  readonly timeoutMs?: number;
  /** What goes in front of the command, and becomes it, e.g. `nsenter` into a namespace. */
  readonly enter?: readonly string[];
  /** For its standard input. */
  readonly input?: string;
  /** Interrupts it, as Ctrl-C does: it tidies up and ends. */
  readonly signal?: AbortSignal;
}

const commandLine = (
  enter: readonly string[],
  args: readonly string[],
  forNode: readonly string[] = [],
): [string, readonly string[]] => {
  const [command = process.execPath, ...rest] = [...enter, process.execPath, ...forNode, MAIN, ...args];
  return [command, rest];
};

/** Runs one command to its end. */
export const rustbalance = (
  args: readonly string[],
  { timeoutMs = 30_000, enter = [], input = '', signal }: HowToRun = {},
): Promise<Finished> =>
  new Promise((resolve) => {
    const [command, rest] = commandLine(enter, args);
    const child = execFile(
      command,
      rest,
      { timeout: timeoutMs, maxBuffer: 16e6, signal, killSignal: 'SIGINT' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    // A command that does not read may have ended by then.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });

/** Runs one command that prints JSON. @throws Error with what it printed when it fails */
export const rustbalanceJson = async (args: readonly string[], how: HowToRun = {}): Promise<unknown> => {
  const { code, stdout, stderr } = await rustbalance([...args, '--json'], how);
  if (code !== 0) throw new Error(`rustbalance ${args[0] ?? ''} exited ${String(code)}: ${stderr || stdout}`);
  return JSON.parse(stdout);
};

// However this process ends, the daemon then stops in order; setpriv becomes the command, so there is no process between.
const STOPPED_WITH_PARENT = ['setpriv', '--pdeathsig', 'TERM', '--'];

/** Starts the daemon in the foreground. @param preload modules that its threads load before anything else */
export const spawnDaemon = (
  args: readonly string[],
  enter: readonly string[] = [],
  preload: readonly string[] = [],
): ChildProcess => {
  const before = preload.flatMap((module) => ['--import', module]);
  const [command, rest] = commandLine([...STOPPED_WITH_PARENT, ...enter], ['run', ...args], before);
  return spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
};
