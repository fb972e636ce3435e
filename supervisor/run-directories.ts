import { mkdir } from 'node:fs/promises';
import { rbError } from '@rustbalance/actors/kernel/errors.js';

/**
 * Makes sure that a directory of ours exists; one that is made is for our user alone.
 *
 * @throws RbError `config.run-dir`
 */
export const ensureDirectory = async (dir: string): Promise<void> => {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw rbError('config.run-dir', dir, { dir, reason });
  }
};
