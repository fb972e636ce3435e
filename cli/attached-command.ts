import { spawn } from 'node:child_process';

/**
 * Runs a command as if the operator had typed it: on the same terminal, so that its words are seen and ^C reaches it. Gives its
 * exit code; null when it cannot be run, or did not end by itself.
 */
export const runAttached = (command: string, args: readonly string[]): Promise<number | null> =>
  new Promise((resolve) => {
    const child = spawn(command, [...args], { stdio: 'inherit' });
    child.once('error', () => {
      resolve(null);
    });
    child.once('close', resolve);
  });
