import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileOwner } from './replace-file.js';

/**
 * What root makes in a service user's directory is that user's, which must be able to read its own keys. Null where nothing is to
 * be given away. That user may write there while root does, so nothing is given away by its name: a link could stand there.
 */
export const heirOf = async (folder: string): Promise<FileOwner | null> => {
  if (process.geteuid?.() !== 0) return null;
  const { uid, gid } = await stat(folder);
  return uid === 0 ? null : { uid, gid };
};

/** Gives away a directory itself, never what a link in its place leads to. */
export const giveDirectory = async (path: string, { uid, gid }: FileOwner): Promise<void> => {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await directory.chown(uid, gid);
  } finally {
    await directory.close();
  }
};
