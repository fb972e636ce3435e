import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorData, type ErrorData } from '../kernel/errors.js';

/** What the file system says of one path. */
export interface PathFacts {
  readonly isDirectory: boolean;
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Bits that Tor does not accept on a directory that it keeps secrets in. */
const GROUP_AND_OTHERS = 0o077;
/** Others could put a directory of their own in the place of ours. */
const WRITABLE_BY_OTHERS = 0o002;
const STICKY = 0o1000;

/** Null where there is nothing; rejects with the system's error for anything else. */
export const pathFacts = async (path: string): Promise<PathFacts | null> => {
  try {
    const found = await stat(path);
    return { isDirectory: found.isDirectory(), uid: found.uid, mode: found.mode & 0o7777 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw error;
  }
};

const refusal = (directory: string, problem: string, remedy: string): ErrorData =>
  errorData('tor.directory-unusable', directory, { directory, problem, remedy });

const octal = (mode: number): string => `0${(mode & 0o777).toString(8)}`;

/**
 * Why Tor could not use a private directory (its data directory, a HiddenServiceDir); null when it can. Tor checks
 * the same (check_private_dir in its source), but where a running Tor finds fault with a HiddenServiceDir it exits.
 *
 * @param torUid the user that Tor runs as
 * @param itself null when it does not exist yet, which is no fault as long as its parent is fine
 */
export const privateDirectoryFault = (
  directory: string,
  torUid: number,
  itself: PathFacts | null,
  parent: PathFacts | null,
): ErrorData | null => {
  const above = dirname(directory);
  if (parent === null) return refusal(directory, `${above} does not exist`, `Create ${above} first.`);
  if (!parent.isDirectory) return refusal(directory, `${above} is no directory`, 'Choose another directory.');
  if ((parent.mode & WRITABLE_BY_OTHERS) !== 0 && (parent.mode & STICKY) === 0) {
    return refusal(directory, `every user may write to ${above}`, `Run: chmod o-w ${above}`);
  }
  if (itself === null) return null;
  if (!itself.isDirectory) return refusal(directory, 'it is no directory', 'Choose another directory.');
  if (itself.uid !== torUid) {
    const problem = `it belongs to user ${String(itself.uid)}, but Tor runs as user ${String(torUid)}`;
    return refusal(directory, problem, 'Change its owner, or run the daemon as the user that runs Tor.');
  }
  if ((itself.mode & GROUP_AND_OTHERS) !== 0) {
    return refusal(
      directory,
      `other users have access to it (mode ${octal(itself.mode)})`,
      `Run: chmod 700 ${directory}`,
    );
  }
  return null;
};

/** Reads the file system and judges. */
export const checkPrivateDirectory = async (directory: string, torUid: number): Promise<ErrorData | null> =>
  privateDirectoryFault(directory, torUid, await pathFacts(directory), await pathFacts(dirname(directory)));
