import { readlinkSync } from 'node:fs';

/**
 * The kernel's number of the calling thread, under which /proc/self/task has it; null where there is no such /proc. Node
 * tells nobody, and only a synchronous call is answered for the thread that makes it.
 */
export const ownThreadId = (): number | null => {
  try {
    const [, id] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    return id === undefined ? null : Number(id);
  } catch {
    return null;
  }
};
