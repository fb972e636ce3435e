import { basename } from 'node:path';
import { pause, type Clock } from '../kernel/clock.js';
import type { ProcessFacts, Processes } from './leftover-tor.js';

/** Tor ends within 50 ms of SIGTERM unless it hangs; a killed one is gone as soon as the kernel has cleaned up. */
const PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 25;

/** Whose program we may not see is not ours to signal either. */
const isTor = (process: ProcessFacts | null): process is ProcessFacts =>
  process?.executable !== null &&
  process?.executable !== undefined &&
  /^tor(\b|$)/.test(basename(process.executable.replace(/ \(deleted\)$/, '')));

/**
 * Ends a system Tor that runs as our own user, so that its unit (Restart=always) starts another: where a daemon without
 * rights may not order systemd about, a signal is enough.
 *
 * @param pid as that Tor named it when it still answered; the number may be somebody else's by now
 * @returns whether it is gone
 */
export const endByPid = async (
  pid: number,
  isHung: boolean,
  processes: Processes,
  clock: Clock,
): Promise<boolean> => {
  if (!isTor(await processes.look(pid))) return false;
  processes.kill(pid, isHung ? 'SIGKILL' : 'SIGTERM');
  const deadline = clock.monotonicMs() + PATIENCE_MS;
  while (isTor(await processes.look(pid))) {
    if (clock.monotonicMs() >= deadline) return false;
    await pause(clock, LOOK_EVERY_MS);
  }
  return true;
};
