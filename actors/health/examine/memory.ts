import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Examination } from './examiner.js';

export interface MemoryFacts {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** A limit is reached within seconds, and the look is a few small reads. */
const EVERY_MS = 15_000;

/** Where control groups are mounted: v2 alone, or v1 with a folder for each controller. */
const ROOT = '/sys/fs/cgroup';

/** v1 says "no limit" by a number near 2^63. */
const NO_LIMIT = 2 ** 60;

interface Layout {
  readonly folder: string;
  readonly limit: string;
  readonly usage: string;
  /** The line of memory.stat with page cache that the kernel drops before it ends anybody. */
  readonly cache: string;
}

const layoutOf = (cgroups: string, root: string): Layout | null => {
  const v1 = /^\d+:memory:(.*)$/m.exec(cgroups)?.[1];
  if (v1 !== undefined) {
    return {
      folder: join(root, 'memory', v1),
      limit: 'memory.limit_in_bytes',
      usage: 'memory.usage_in_bytes',
      cache: 'total_inactive_file',
    };
  }
  const v2 = /^0::(.*)$/m.exec(cgroups)?.[1];
  return v2 === undefined
    ? null
    : { folder: join(root, v2), limit: 'memory.max', usage: 'memory.current', cache: 'inactive_file' };
};

const readNumber = async (path: string): Promise<number | null> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d+$/.test(text.trim()) ? Number(text) : null;
};

const cacheBytes = async (folder: string, line: string): Promise<number> => {
  const text = await readFile(join(folder, 'memory.stat'), 'utf8').catch(() => '');
  return Number(new RegExp(`^${line} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
};

/**
 * What the service uses of what it may, children included: of its control group and all above, the one that is nearest to
 * its limit (MemoryMax= of the unit). Null where none has a limit.
 */
export const examineMemory = async (
  root = ROOT,
  cgroupFile = '/proc/self/cgroup',
): Promise<MemoryFacts | null> => {
  const layout = layoutOf(await readFile(cgroupFile, 'utf8').catch(() => ''), root);
  if (layout === null) return null;
  let tightest: MemoryFacts | null = null;
  for (let { folder } = layout; folder.startsWith(root); folder = dirname(folder)) {
    const limitBytes = await readNumber(join(folder, layout.limit));
    if (limitBytes !== null && limitBytes > 0 && limitBytes < NO_LIMIT) {
      const usage = (await readNumber(join(folder, layout.usage))) ?? process.memoryUsage().rss;
      const usedBytes = Math.max(0, usage - (await cacheBytes(folder, layout.cache)));
      const facts = { usedBytes, limitBytes };
      if (tightest === null || usedBytes / limitBytes > tightest.usedBytes / tightest.limitBytes)
        tightest = facts;
    }
    if (folder === root) break;
  }
  return tightest;
};

/** @param places where control groups are mounted, and what names our own; those of the system unless told */
export const memoryExamination = (...places: Parameters<typeof examineMemory>): Examination => ({
  everyMs: EVERY_MS,
  look: async () => ({ memory: await examineMemory(...places) }),
});
