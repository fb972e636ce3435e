import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RbError, type ErrorData } from '../kernel/errors.js';
import { checkPrivateDirectory } from './directory-check.js';
import { makePrivateDirectory, readIfThere, writePrivateFile, type FileOwner } from './private-files.js';

/** Tor's name of the file with a service's expanded secret key. */
export const SECRET_FILE = 'hs_ed25519_secret_key';

/** The system's code of a failed file operation, else its message. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : 'unknown';
};

/** Files that a daemon run by root makes belong to whom the directory above belongs, who is whom Tor runs as. */
const ownerFor = async (directory: string): Promise<FileOwner> => {
  if (process.getuid?.() !== 0) return null;
  const above = await stat(dirname(directory)).catch(() => null);
  return above === null || above.uid === 0 ? null : { uid: above.uid, gid: above.gid };
};

/**
 * Makes a HiddenServiceDir, or finds the one that is there fit for Tor; returns who its files shall belong to. Throws
 * RbError `tor.directory-unusable`, or the system's error.
 */
export const makeServiceDirectory = async (directory: string): Promise<FileOwner> => {
  const owner = await ownerFor(directory);
  const fault = await checkPrivateDirectory(directory, owner?.uid ?? process.getuid?.() ?? 0);
  if (fault !== null) throw new RbError(fault);
  await makePrivateDirectory(directory, owner);
  return owner;
};

/** Writes each file whose bytes differ, in this order; returns the names. */
export const writeDiffering = async (
  directory: string,
  wanted: readonly (readonly [string, Uint8Array])[],
  owner: FileOwner,
): Promise<readonly string[]> => {
  const written: string[] = [];
  for (const [name, bytes] of wanted) {
    const path = join(directory, name);
    const found = await readIfThere(path);
    if (found !== null && Buffer.compare(found, bytes) === 0) continue;
    await writePrivateFile(path, bytes, owner);
    written.push(name);
  }
  return written;
};

/** What keeps Tor from a service directory: a fault of the directory itself, or the reason why a file is of no use. */
export type ServiceFault =
  | { readonly kind: 'directory'; readonly error: ErrorData }
  | { readonly kind: 'file'; readonly reason: string };

/** Why a Tor that loads this directory now would fail; null when it and the named files are there and fit. */
export const serviceFault = async (
  directory: string,
  files: readonly string[],
  torUid: number,
): Promise<ServiceFault | null> => {
  const error = await checkPrivateDirectory(directory, torUid);
  if (error !== null) return { kind: 'directory', error };
  for (const name of files) {
    const bytes = await readIfThere(join(directory, name)).catch(() => null);
    if (bytes === null || bytes.length === 0)
      return { kind: 'file', reason: `${name} is missing or cannot be read` };
  }
  return null;
};
