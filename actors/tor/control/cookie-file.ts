import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { COOKIE_BYTES } from './safe-cookie.js';

/** Access to Tor's cookie file, injected. */
export interface CookieFiles {
  /** The first bytes of the file, at most one more than a cookie has; rejects with the system's error. */
  read(path: string): Promise<Uint8Array>;
  /** Name of the group that owns the file; null when that cannot be found out. */
  groupOf(path: string): Promise<string | null>;
}

const groupName = (groupFile: string, gid: number): string | null => {
  const line = groupFile.split('\n').find((entry) => entry.split(':')[2] === String(gid));
  return line?.split(':')[0] ?? null;
};

export const systemCookieFiles: CookieFiles = {
  read: async (path) => {
    // Whoever answers at the control port names the file: a pipe must not make us wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = new Uint8Array(COOKIE_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
  groupOf: async (path) => {
    try {
      const { gid } = await stat(path);
      return groupName(await readFile('/etc/group', 'utf8'), gid);
    } catch {
      // Only the advice of an error is poorer without it.
      return null;
    }
  },
};
