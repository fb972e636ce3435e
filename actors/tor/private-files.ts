import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { swapFile } from '../kernel/replace-file.js';
import { temporaryFor } from '../kernel/temporary-file.js';

/** The owner that files shall have; null: whoever runs this process. */
export type FileOwner = { readonly uid: number; readonly gid: number } | null;

/** More than any file that Tor keeps in a HiddenServiceDir. */
const MAX_BYTES = 64 * 1024;

/** The file's bytes (at most 64 KiB of them), or null when there is none; rejects with the system's error otherwise. */
export const readIfThere = async (path: string): Promise<Uint8Array | null> => {
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.subarray(0, MAX_BYTES));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};

/** Makes a directory of mode 0700 whose parent exists; an existing one is left as it is. */
export const makePrivateDirectory = async (path: string, owner: FileOwner): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw error;
  }
  // mkdir subtracts the umask, and Tor insists on its own bits.
  await chmod(path, 0o700);
  if (owner !== null) await chown(path, owner.uid, owner.gid);
};

/** Writes a file of mode 0600 so that after a crash at any moment the old or the new one is there, whole. */
export const writePrivateFile = (path: string, bytes: Uint8Array, owner: FileOwner): Promise<void> =>
  swapFile(path, temporaryFor(path), bytes, owner);
