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

/** Runs one command to its end. */
export const rustbalance = (args: readonly string[], timeoutMs = 30_000): Promise<Finished> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { timeout: timeoutMs, maxBuffer: 16e6 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });

/** Runs one command that prints JSON. @throws Error with what it printed when it fails */
export const rustbalanceJson = async (args: readonly string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await rustbalance([...args, '--json']);
  if (code !== 0) throw new Error(`rustbalance ${args[0] ?? ''} exited ${String(code)}: ${stderr || stdout}`);
  return JSON.parse(stdout);
};

/** Starts the daemon in the foreground. */
export const spawnDaemon = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [MAIN, 'run', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
