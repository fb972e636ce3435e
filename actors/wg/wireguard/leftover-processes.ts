import { readFile, readdir } from 'node:fs/promises';

/** Processes that this daemon did not start, or not in this life. */
export interface OtherProcesses {
  /** Those with this entry (`NAME=value`) in the environment that they were started with. */
  marked(entry: string): Promise<readonly number[]>;
  kill(pid: number): void;
  /** Whether it has let go of all that it held open. */
  gone(pid: number): Promise<boolean>;
}

/** From /proc; other users' environments cannot be read, and need not be. */
export const procProcesses: OtherProcesses = {
  marked: async (entry) => {
    const names = await readdir('/proc').catch(() => []);
    const found = await Promise.all(
      names
        .filter((name) => /^\d+$/.test(name))
        .map(async (name) => {
          const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
          return environment.split('\0').includes(entry) ? [Number(name)] : [];
        }),
    );
    return found.flat();
  },
  kill: (pid) => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  },
  // Behind the name in parentheses, which may hold anything, comes the state; Z waits for its parent only.
  gone: async (pid) => {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'latin1').catch(() => null);
    return stat === null || /^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  },
};
