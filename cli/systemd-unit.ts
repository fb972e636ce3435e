import { statSync } from 'node:fs';
import { join } from 'node:path';

/** Where units are installed; the first that has one of that name counts (systemd.unit(5)). */
const UNIT_FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** Whether a unit is installed and can be started: a masked one is empty, or a link to /dev/null. */
export const hasUnit = (name: string, folders: readonly string[] = UNIT_FOLDERS): boolean => {
  for (const folder of folders) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (found !== undefined) return found.isFile() && found.size > 0;
  }
  return false;
};
