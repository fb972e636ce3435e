import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pause, type Clock } from '../kernel/clock.js';
import { rbError } from '../kernel/errors.js';

/** What the kernel says of a process. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** Path of its program; null where we may not see it. */
  readonly executable: string | null;
  readonly args: readonly string[];
}

/** Access to processes, injected. */
export interface Processes {
  /** Null when there is no such process (a zombie counts as none). */
  look(pid: number): Promise<ProcessFacts | null>;
  /** The ids of our user's: what others run can only pretend to be ours. */
  ofOurUser(): Promise<readonly number[]>;
  kill(pid: number, signal: 'SIGCONT' | 'SIGTERM' | 'SIGKILL'): void;
}

/** State letter and parent from /proc/PID/stat; the name in brackets may hold anything, brackets too. */
const statOf = (text: string): { readonly state: string; readonly parentPid: number } | null => {
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const parentPid = Number(rest[1]);
  return rest[0] === undefined || !Number.isInteger(parentPid) ? null : { state: rest[0], parentPid };
};

const isOurUsers = async (pid: string): Promise<boolean> => {
  const facts = await stat(`/proc/${pid}`).catch(() => null);
  return facts !== null && facts.uid === process.geteuid?.();
};

export const systemProcesses: Processes = {
  look: async (pid) => {
    try {
      const facts = statOf(await readFile(`/proc/${String(pid)}/stat`, 'utf8'));
      if (facts === null || facts.state === 'Z' || facts.state === 'X') return null;
      const args = (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).split('\0').slice(0, -1);
      const executable = await readlink(`/proc/${String(pid)}/exe`).catch(() => null);
      return { pid, parentPid: facts.parentPid, executable, args };
    } catch {
      return null;
    }
  },
  ofOurUser: async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const isOurs = await Promise.all(pids.map(isOurUsers));
    return pids.filter((_, i) => isOurs[i]).map(Number);
  },
  kill: (pid, signal) => {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended already, or is not ours to end: whether it is gone is looked at afterwards.
    }
  },
};

/** Tor writes its process id and a newline. Null for what is none. */
export const parsePidFile = (text: string): number | null =>
  /^[1-9][0-9]{0,9}\s*$/.test(text) ? Number(text) : null;

/**
 * Is this process the Tor that was started with our torrc? A pid file may be years old and its number may have been
 * given to anybody since, so program and arguments must both fit.
 */
export const isOurTor = (process: ProcessFacts, torrc: string): boolean => {
  const name =
    process.executable === null ? process.args[0] : process.executable.replace(/ \(deleted\)$/, '');
  if (name === undefined || !/^tor(\b|$)/.test(basename(name))) return false;
  const at = process.args.indexOf('-f');
  return at !== -1 && process.args[at + 1] === torrc;
};

/** Has it let go of its memory? Then it is ending, and may hold files and their locks for a moment yet. */
const isEnding = ({ executable, args }: ProcessFacts): boolean => executable === null && args.length === 0;

/**
 * The Tor that runs with our torrc; null when there is none. Its pid file says which, and where that is of no use all
 * processes are looked through: an overlooked Tor would keep its successors from the data directory for ever.
 */
export const findOurTor = async (
  pidFile: string,
  torrc: string,
  processes: Processes,
): Promise<ProcessFacts | null> => {
  const look = async (pid: number): Promise<ProcessFacts | null> => {
    const found = await processes.look(pid);
    return found !== null && isOurTor(found, torrc) ? found : null;
  };
  const pid = parsePidFile(await readFile(pidFile, 'utf8').catch(() => ''));
  const named = pid === null ? null : await look(pid);
  if (named !== null) return named;
  const all = await Promise.all((await processes.ofOurUser()).map(look));
  return all.find((found) => found !== null) ?? null;
};

/** Tor ends within 50 ms of SIGTERM unless it hangs. */
const TERM_PATIENCE_MS = 2_000;
const KILL_PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 25;

const isGone = async (
  found: ProcessFacts,
  torrc: string,
  patienceMs: number,
  processes: Processes,
  clock: Clock,
): Promise<boolean> => {
  const deadline = clock.monotonicMs() + patienceMs;
  for (;;) {
    const now = await processes.look(found.pid);
    if (now === null || !(isOurTor(now, torrc) || isEnding(now))) return true;
    if (clock.monotonicMs() >= deadline) return false;
    await pause(clock, LOOK_EVERY_MS);
  }
};

/**
 * Ends a Tor that an earlier daemon left behind: SIGCONT (a stopped process takes no other signal), SIGTERM, and
 * SIGKILL when that does not help. Looks again before each signal, so that no other process with that number is hit.
 *
 * Throws RbError `tor.data-directory-in-use` when it does not go.
 */
export const endLeftoverTor = async (
  found: ProcessFacts,
  torrc: string,
  processes: Processes,
  clock: Clock,
): Promise<void> => {
  processes.kill(found.pid, 'SIGCONT');
  processes.kill(found.pid, 'SIGTERM');
  if (await isGone(found, torrc, TERM_PATIENCE_MS, processes, clock)) return;
  processes.kill(found.pid, 'SIGKILL');
  if (await isGone(found, torrc, KILL_PATIENCE_MS, processes, clock)) return;
  throw rbError('tor.data-directory-in-use', torrc, { pid: found.pid });
};
