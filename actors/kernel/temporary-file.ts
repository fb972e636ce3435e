import { randomBytes } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const RANDOM_BYTES = 6;
const RANDOM_PART = new RegExp(`^[0-9a-f]{${String(2 * RANDOM_BYTES)}}$`);
const END = '.tmp';

/** What the names of all temporary files of this one begin with. */
const beginningFor = (path: string): string => `.${basename(path)}.`;

/**
 * A name beside the file for what is written first, another one each time: a write that an ended thread left under way
 * must not reach into ours.
 */
export const temporaryFor = (path: string): string =>
  join(dirname(path), `${beginningFor(path)}${randomBytes(RANDOM_BYTES).toString('hex')}${END}`);

const isTemporaryFor = (path: string, name: string): boolean => {
  const beginning = beginningFor(path);
  return (
    name.startsWith(beginning) &&
    name.endsWith(END) &&
    RANDOM_PART.test(name.slice(beginning.length, -END.length))
  );
};

/**
 * Removes what a crash in the middle of a write left beside this file: perhaps a whole key, in a hidden file that nobody
 * would look for. Only regular files of our own user whose names are as we make them; never rejects.
 */
export const removeLeftovers = async (path: string): Promise<void> => {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => isTemporaryFor(path, one))) {
    const leftover = join(folder, name);
    const found = await lstat(leftover).catch(() => null);
    if (found === null || !found.isFile() || found.uid !== process.geteuid?.()) continue;
    await rm(leftover, { force: true }).catch(() => undefined);
  }
};
