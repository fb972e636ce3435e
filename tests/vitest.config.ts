import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

// Unit and wire tests read the sources; whatever starts a thread or a process uses the build.
const alias = [
  {
    find: /^@rustbalance\/(crypto-worker|actors|supervisor|cli|tests)\/(.*)\.js$/,
    replacement: `${root}$1/$2.ts`,
  },
];
const tier = (name: string, testTimeout: number, hookTimeout: number, fileParallelism: boolean) => ({
  resolve: { alias },
  test: {
    name,
    root,
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout,
    fileParallelism,
    pool: 'forks' as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      tier('unit', 10_000, 10_000, true),
      tier('wire', 30_000, 30_000, true),
      tier('netns', 60_000, 30_000, false),
      tier('tor', 600_000, 240_000, false),
    ],
  },
});
