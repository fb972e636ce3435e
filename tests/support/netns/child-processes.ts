import { readdir, readFile } from 'node:fs/promises';

export interface ChildProcessInfo {
  readonly pid: number;
  readonly name: string;
}

/** The children of a process, by /proc (proc(5): pid, name in parentheses, state, parent). */
export const childrenOf = async (parent: number): Promise<readonly ChildProcessInfo[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // It may have ended meanwhile.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const [, name, ppid] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat) ?? [];
      return name !== undefined && Number(ppid) === parent ? [{ pid: Number(pid), name }] : [];
    }),
  );
  return found.flat();
};
