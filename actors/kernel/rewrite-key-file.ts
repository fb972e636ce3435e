import { randomBytes } from 'node:crypto';
import { chmod, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { replaceFile } from './replace-file.js';

/** A name beside the file for what is written first. */
export const temporaryFor = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);

/** Writes a key file again, mode 0600. What was there, if it is damaged, is kept beside it, as closely kept. */
export const rewriteKeyFile = async (
  path: string,
  was: 'missing' | 'damaged',
  contents: string | Uint8Array,
): Promise<void> => {
  if (was === 'damaged') {
    await chmod(path, 0o600);
    await rename(path, `${path}.damaged`);
  }
  await replaceFile(path, temporaryFor(path), contents);
};
