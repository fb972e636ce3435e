import { constants } from 'node:fs';
import { link, mkdir, mkdtemp, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RbError, rbError } from '@rustbalance/actors/kernel/errors.js';
import { giveDirectory, heirOf } from '@rustbalance/actors/kernel/heir.js';
import type { FileOwner } from '@rustbalance/actors/kernel/replace-file.js';
import type { NodeFile } from './node-files.js';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const writeDurably = async (
  path: string,
  content: string | Uint8Array,
  owner: FileOwner | null,
): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    if (owner !== null) await file.chown(owner.uid, owner.gid);
    await file.sync();
  } finally {
    await file.close();
  }
};

const namesIn = async (dir: string): Promise<readonly string[] | null> => {
  try {
    return await readdir(dir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

const isMissing = async (dir: string): Promise<boolean> => {
  try {
    await stat(dir);
    return false;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
};

/**
 * Makes a directory and those above it that are missing; gives what it made, the deepest first. (Node's own recursive mkdir never
 * ends where the system answers ENOENT below a directory that exists, as /proc does.)
 */
export const makeParents = async (dir: string, mode = 0o755): Promise<readonly string[]> => {
  if (!(await isMissing(dir))) return [];
  const above = await makeParents(dirname(dir));
  try {
    await mkdir(dir, { mode });
  } catch (error) {
    await removeEmpty(above);
    throw error;
  }
  return [dir, ...above];
};

/** Removes directories, the deepest first, as far as nobody has put anything into them. */
export const removeEmpty = async (dirs: readonly string[]): Promise<void> => {
  for (const dir of dirs) await rmdir(dir).catch(() => undefined);
};

/** The folders that files lie in, within the directory: `peers` for `peers/alpha.pub`. */
const foldersOf = (files: readonly NodeFile[]): readonly string[] => [
  ...new Set(files.map(({ name }) => dirname(name)).filter((folder) => folder !== '.')),
];

/** A folder that files are made in, before they are moved to where they belong. */
interface Stage {
  readonly path: string;
  /** The same folder, by a name that stays with it: who owns the directory above could put a link in the place of the other. */
  readonly inside: string;
  readonly handle: FileHandle;
}

const makeStage = async (prefix: string, heir: FileOwner | null): Promise<Stage> => {
  const path = await mkdtemp(prefix);
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if ((await handle.stat()).uid !== process.geteuid?.()) throw new Error('the folder was replaced');
    await handle.chmod(0o700);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { path, handle, inside: heir === null ? path : `/proc/self/fd/${String(handle.fd)}` };
};

/** Removes it with what is still there. */
const clearStage = async ({ path, inside, handle }: Stage): Promise<void> => {
  try {
    for (const name of (await namesIn(inside)) ?? [])
      await rm(join(inside, name), { recursive: true, force: true });
    await rmdir(path).catch(() => undefined);
  } finally {
    await handle.close();
  }
};

/**
 * Links each file into place, which never overwrites, and moves the folders there, which overwrites nothing but empty
 * ones; takes all back when one cannot be.
 */
const linkAll = async (stage: string, dir: string, files: readonly NodeFile[]): Promise<void> => {
  const takeBack: (() => Promise<void>)[] = [];
  try {
    for (const folder of foldersOf(files)) {
      await rename(join(stage, folder), join(dir, folder));
      takeBack.push(() => rename(join(dir, folder), join(stage, folder)));
    }
    for (const { name } of files.filter((file) => dirname(file.name) === '.')) {
      await link(join(stage, name), join(dir, name));
      takeBack.push(() => unlink(join(dir, name)));
    }
  } catch (error) {
    await Promise.all(takeBack.map((undo) => undo()));
    throw error;
  }
};

/**
 * Refuses a directory that holds one of the files already, or anything in one of the folders: members of some former
 * node must not become this one's.
 *
 * @throws RbError init.exists, init.write-failed
 */
export const refuseExisting = async (dir: string, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    const folder = dirname(name);
    const taken = await (
      folder === '.' ? isMissing(join(dir, name)).then((missing) => !missing) : isFilled(join(dir, folder))
    ).catch((error: unknown) => {
      throw rbError('init.write-failed', dir, { reason: codeOf(error) || 'unknown' }, error);
    });
    if (taken) throw rbError('init.exists', dir, { file: join(dir, folder === '.' ? name : folder) });
  }
};

const isFilled = async (dir: string): Promise<boolean> => ((await namesIn(dir)) ?? []).length > 0;

/**
 * Puts files into a directory: all of them or none, never over one that is there. They are written beside it and moved in
 * one step where the directory does not exist yet (mode 0700); into one that exists they are linked in order, folders first,
 * so that the last one tells that all are there.
 * @throws RbError init.exists, init.write-failed
 */
export const placeFiles = async (dir: string, files: readonly NodeFile[]): Promise<void> => {
  let stage: Stage | null = null;
  let parents: readonly string[] = [];
  try {
    const present = await namesIn(dir);
    const folders = foldersOf(files);
    const names = files.map(({ name }) => name);
    await refuseExisting(dir, names);
    if (present === null) parents = await makeParents(dirname(dir));
    const heir = present === null ? null : await heirOf(dir);
    stage = await makeStage(present === null ? `${dir}.init-` : join(dir, '.init-'), heir);
    const { inside } = stage;
    for (const folder of folders) await mkdir(join(inside, folder), { mode: 0o700 });
    for (const { name, content } of files) await writeDurably(join(inside, name), content, heir);
    // Whoever is given a folder could put links into it: nothing is done there any more.
    if (heir !== null) for (const folder of folders) await giveDirectory(join(inside, folder), heir);
    if (present === null) {
      await rename(stage.path, dir);
      await stage.handle.close();
      stage = null;
    } else {
      await linkAll(inside, dir, files);
    }
    parents = [];
  } catch (error) {
    if (error instanceof RbError) throw error;
    const code = codeOf(error);
    if (code === 'EEXIST' || code === 'ENOTEMPTY') throw rbError('init.exists', dir, { file: dir }, error);
    throw rbError('init.write-failed', dir, { reason: code === '' ? 'unknown' : code }, error);
  } finally {
    if (stage !== null) await clearStage(stage);
    await removeEmpty(parents);
  }
};
