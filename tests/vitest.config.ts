import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests that live through the time periods of a private Tor network: they wait more than they work. */
const PERIODS = 'tor/periods';
/** Vitest would leave one core to itself, and so use one of two: but tests that wait leave it enough. */
const WORKERS = Math.max(2, availableParallelism() - 1);
const root = fileURLToPath(new URL('..', import.meta.url));

// Unit and wire tests read the sources; whatever starts a thread or a process uses the build.
const alias = [
  {
    find: /^@rustbalance\/(crypto-worker|actors|supervisor|cli|tests)\/(.*)\.js$/,
    replacement: `${root}$1/$2.ts`,
  },
];
const tier = (
  name: string,
  testTimeout: number,
  hookTimeout: number,
  {
    fileParallelism = true,
    isolate = true,
    exclude = [],
  }: { fileParallelism?: boolean; isolate?: boolean; exclude?: string[] } = {},
) => ({
  resolve: { alias },
  test: {
    name,
    root,
    include: [`tests/${name}/**/*.test.ts`],
    exclude,
    testTimeout,
    hookTimeout,
    fileParallelism,
    maxWorkers: fileParallelism ? WORKERS : 1,
    isolate,
    pool: 'forks' as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      // No module holds global state, so files may share modules: a process for each took twice the processor time.
      tier('unit', 10_000, 10_000, { isolate: false }),
      tier('wire', 30_000, 30_000),
      tier('netns', 60_000, 30_000),
      tier('systemd', 60_000, 60_000, { fileParallelism: false }),
      tier('tor', 600_000, 240_000, { fileParallelism: false, exclude: [`tests/${PERIODS}/**`] }),
      tier('chaos', 600_000, 240_000, { fileParallelism: false }),
      tier(PERIODS, 600_000, 240_000, { fileParallelism: false }),
    ],
  },
});
