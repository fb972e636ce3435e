import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from './directories.js';

/** Whom a file shall belong to. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Writes a file of mode 0600 by way of another in the same folder: after a crash at any moment it is the old one or the
 * new one, whole. The folder must be there. It follows no link that somebody who may write in the folder has put into the way. Where it fails the other
 * one is removed: it may hold a key, and on a full disk each try would leave one more.
 */
export const swapFile = async (
  path: string,
  temporary: string,
  content: string | Uint8Array,
  owner: FileOwner | null = null,
): Promise<void> => {
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      // open() subtracts the umask.
      await file.chmod(0o600);
      if (owner !== null) await file.chown(owner.uid, owner.gid);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

/** The same; the folder is made where it is missing. */
export const replaceFile = async (
  path: string,
  temporary: string,
  content: string | Uint8Array,
  owner: FileOwner | null = null,
): Promise<void> => {
  await makeDirectories(dirname(path));
  await swapFile(path, temporary, content, owner);
};
