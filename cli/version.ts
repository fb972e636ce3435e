import { readFileSync } from 'node:fs';
import { z } from 'zod';

// The package file lies beside the sources and one above the build.
const candidates = ['./package.json', '../package.json'].map((path) => new URL(path, import.meta.url));

const readVersion = (): string => {
  for (const file of candidates) {
    try {
      return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
    } catch {
      continue;
    }
  }
  return 'unknown';
};

/** The version of this program, from its package. */
export const VERSION = readVersion();
