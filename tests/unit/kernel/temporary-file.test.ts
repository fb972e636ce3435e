import { chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { removeLeftovers, temporaryFor } from '@rustbalance/actors/kernel/temporary-file.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
let path: string;
const left = async (): Promise<readonly string[]> => (await readdir(dir)).sort();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-left-'));
  path = join(dir, 'node.key');
  await writeFile(path, 'the key');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('what a crash left beside a file', () => {
  it('is removed, and the file is not', async () => {
    const names = [temporaryFor(path), temporaryFor(path)];
    expect(new Set(names).size).toBe(2);
    for (const name of names) await writeFile(name, 'a copy of the key');
    await removeLeftovers(path);
    expect(await left()).toEqual(['node.key']);
  });

  it.each([
    ['of another file', '.cluster.token.0123456789ab.tmp'],
    ['of a file whose name goes on', '.node.key.damaged.0123456789ab.tmp'],
    ['of somebody else, with a shorter number', '.node.key.0123.tmp'],
    ['of somebody else, with a longer number', '.node.key.0123456789abcdef.tmp'],
    ['of somebody else, with other letters', '.node.key.0123456789AB.tmp'],
    ['of somebody else, with another end', '.node.key.0123456789ab.swp'],
    ['that is not hidden', 'node.key.0123456789ab.tmp'],
  ])('is left alone where its name is %s', async (_whose, name) => {
    await writeFile(join(dir, name), '');
    await removeLeftovers(path);
    expect(await left()).toContain(name);
  });

  it('is left alone where it is no regular file', async () => {
    const [link, folder] = [temporaryFor(path), temporaryFor(path)];
    await symlink(path, link);
    await mkdir(folder);
    await removeLeftovers(path);
    expect(await left()).toEqual(['node.key', basename(link), basename(folder)].sort());
  });

  it.runIf(process.geteuid?.() === 0)('is left alone where it belongs to another user', async () => {
    const theirs = temporaryFor(path);
    await writeFile(theirs, '');
    await chown(theirs, 65_534, 65_534);
    await removeLeftovers(path);
    expect(await left()).toContain(basename(theirs));
  });

  it('is none where there is no folder', async () => {
    await expect(removeLeftovers(join(dirname(dir), 'nowhere', 'node.key'))).resolves.toBeUndefined();
  });
});
