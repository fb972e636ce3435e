import { readFailure } from '@rustbalance/actors/kernel/config/load.js';
import { readFileFacts } from '@rustbalance/actors/kernel/config/read-file.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';

/** Reads a file that an argument names. @throws RbError cli.file-unreadable */
export const readArgumentFile = async (path: string, maxBytes: number): Promise<Uint8Array> => {
  try {
    return (await readFileFacts(path, maxBytes)).bytes;
  } catch (error) {
    throw rbError('cli.file-unreadable', path, { reason: readFailure(error) }, error);
  }
};
