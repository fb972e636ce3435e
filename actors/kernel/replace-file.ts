import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from './directories.js';

/**
 * Writes a file of mode 0600 by way of another in the same folder: after a crash at any moment it is the old one or the
 * new one, whole.
 */
export const replaceFile = async (
  path: string,
  temporary: string,
  content: string | Uint8Array,
): Promise<void> => {
  const folder = dirname(path);
  await makeDirectories(folder);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
