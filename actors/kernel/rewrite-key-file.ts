import { chmod, lstat, rename } from 'node:fs/promises';
import { replaceFile } from './replace-file.js';
import { temporaryFor } from './temporary-file.js';

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

/**
 * Writes a key file again, mode 0600. What was there, if it is damaged, is kept beside it, as closely kept. Rejects with
 * ELOOP at a link: a secret that somebody keeps elsewhere, in memory perhaps, is not ours to lay down here.
 */
export const rewriteKeyFile = async (
  path: string,
  was: 'missing' | 'damaged',
  contents: string | Uint8Array,
): Promise<void> => {
  if (await isLink(path)) throw Object.assign(new Error(`${path} is a link`), { code: 'ELOOP' });
  if (was === 'damaged') {
    await chmod(path, 0o600);
    await rename(path, `${path}.damaged`);
  }
  await replaceFile(path, temporaryFor(path), contents);
};
