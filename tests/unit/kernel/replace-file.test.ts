import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from '@rustbalance/actors/kernel/replace-file.js';
import { temporaryFor } from '@rustbalance/actors/kernel/temporary-file.js';
import { afterEach, beforeEach, expect, it } from 'vitest';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-replace-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('a file is replaced by one that only its owner can read, and nothing else is left', async () => {
  const path = join(dir, 'below', 'a.key');
  for (const content of ['first', 'second']) await replaceFile(path, temporaryFor(path), content);
  expect(await readFile(path, 'utf8')).toBe('second');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(dir, 'below'))).toEqual(['a.key']);
});

it('a file that cannot be replaced leaves no copy of what was to be written, however often it is tried', async () => {
  const path = join(dir, 'a.key');
  await mkdir(join(path, 'in the way'), { recursive: true });
  for (let tries = 0; tries < 3; tries++) {
    await expect(replaceFile(path, temporaryFor(path), 'secret')).rejects.toMatchObject({
      code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST/) as string,
    });
  }
  expect(await readdir(dir)).toEqual(['a.key']);
});

it('a file is written through no link that stands where it is written first', async () => {
  const path = join(dir, 'a.key');
  const victim = join(dir, 'victim');
  const temporary = temporaryFor(path);
  await writeFile(victim, 'untouched');
  await symlink(victim, temporary);
  await expect(replaceFile(path, temporary, 'secret')).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(victim, 'utf8')).toBe('untouched');
});

it.runIf(process.geteuid?.() === 0)('a file is given away before it is in its place', async () => {
  const path = join(dir, 'a.key');
  await replaceFile(path, temporaryFor(path), 'secret', { uid: 4242, gid: 4343 });
  expect(await stat(path)).toMatchObject({ uid: 4242, gid: 4343 });
});

it('a file of which not all can be written leaves no beginning behind', async () => {
  const path = join(dir, 'a.key');
  const broken = (function* () {
    yield 'the beginning';
    throw new Error('no space');
  })();
  await expect(replaceFile(path, temporaryFor(path), broken as unknown as string)).rejects.toThrow(
    'no space',
  );
  expect(await readdir(dir)).toEqual([]);
});
