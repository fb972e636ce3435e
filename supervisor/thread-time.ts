import { readFileSync } from 'node:fs';

/** The unit of processor time in /proc on every Linux (USER_HZ), ms. */
const TICK_MS = 10;

/** Fields 14 and 15 (proc_pid_stat(5)), counted from behind the name, which may itself hold blanks and brackets. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** @param stat the text of /proc/self/task/<id>/stat */
export const parseThreadTime = (stat: string): number | null => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : null;
};

/** Processor time that a thread of this process has used, ms, to 10 ms; null when nobody can tell. */
export const threadTimeMs = (id: number): number | null => {
  try {
    return parseThreadTime(readFileSync(`/proc/self/task/${String(id)}/stat`, 'utf8'));
  } catch {
    return null;
  }
};
