import type { ErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';

/** What is wrong in the cluster and does not mend itself. Each is told once, and again when it comes back or lasts. */
export interface Findings {
  raise(key: string, error: ErrorData, nowMs: number): void;
  clear(key: string): void;
  list(): readonly ErrorData[];
}

/** One line for the same finding within this time: strangers must not be able to fill the log. */
const TOLD_AGAIN_MS = 600_000;
/** More kinds of findings than a cluster of 64 nodes can have. */
const MOST_FINDINGS = 256;

export const makeFindings = (log: Logger): Findings => {
  const found = new Map<string, ErrorData>();
  const told = new Map<string, number>();
  return {
    raise: (key, error, nowMs) => {
      if (!found.has(key) && found.size >= MOST_FINDINGS) return;
      found.set(key, error);
      const last = told.get(key);
      if (last !== undefined && nowMs - last < TOLD_AGAIN_MS) return;
      told.set(key, nowMs);
      log.warn(error.what, { where: error.where }, error);
    },
    clear: (key) => {
      const gone = found.get(key);
      if (gone === undefined) return;
      found.delete(key);
      log.info('No longer so', { what: gone.what });
    },
    list: () => [...found.values()],
  };
};
