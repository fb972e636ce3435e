import { readdir, readFile } from 'node:fs/promises';

/** What a process holds of the system: where a leak shows. */
export interface Census {
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  readonly residentBytes: number;
}

/** Fields of /proc/PID/stat behind the name, which may hold blanks and brackets (proc_pid_stat(5)). */
const statOf = async (pid: string): Promise<string[]> => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

const isChildOf = async (pid: string, parent: number): Promise<boolean> => {
  try {
    const [state, ppid] = await statOf(pid);
    return Number(ppid) === parent && state !== 'Z';
  } catch {
    // It ended while it was looked at.
    return false;
  }
};

const PAGE_BYTES = 4096;

/** Counts what a living process of this machine has open. */
export const census = async (pid: number): Promise<Census> => {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const children = await Promise.all(all.map((one) => isChildOf(one, pid)));
  const statm = await readFile(`/proc/${String(pid)}/statm`, 'latin1');
  return {
    descriptors: (await readdir(`/proc/${String(pid)}/fd`)).length,
    threads: (await readdir(`/proc/${String(pid)}/task`)).length,
    children: children.filter(Boolean).length,
    residentBytes: Number(statm.split(' ')[1]) * PAGE_BYTES,
  };
};
