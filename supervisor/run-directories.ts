import { makeDirectories } from '@rustbalance/actors/kernel/directories.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';

/**
 * Makes sure that a directory of ours exists; one that is made is for our user alone.
 *
 * @throws RbError `config.run-dir`
 */
export const ensureDirectory = async (dir: string): Promise<void> => {
  try {
    await makeDirectories(dir);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw rbError('config.run-dir', dir, { dir, reason });
  }
};
