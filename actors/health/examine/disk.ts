import { stat, statfs } from 'node:fs/promises';

export interface DiskFacts {
  readonly path: string;
  readonly totalBytes: number;
  /** For a user without privileges. */
  readonly freeBytes: number;
  readonly totalFiles: number;
  readonly freeFiles: number;
}

/** The file systems below these paths, each once; those that cannot be looked at are left out. */
export const examineDisks = async (paths: readonly string[]): Promise<readonly DiskFacts[]> => {
  const seen = new Set<number>();
  const found = await Promise.all(
    paths.map(async (path): Promise<DiskFacts | null> => {
      try {
        const { dev } = await stat(path);
        if (seen.has(dev)) return null;
        seen.add(dev);
        const { bsize, blocks, bavail, files, ffree } = await statfs(path);
        return {
          path,
          totalBytes: blocks * bsize,
          freeBytes: bavail * bsize,
          totalFiles: files,
          freeFiles: ffree,
        };
      } catch {
        return null;
      }
    }),
  );
  return found.filter((facts) => facts !== null);
};
