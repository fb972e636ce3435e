import { mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rewriteKeyFile } from '@rustbalance/actors/kernel/rewrite-key-file.js';
import { afterEach, beforeEach, expect, it } from 'vitest';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-key-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('a damaged key file is written again, and what was there is kept beside it', async () => {
  const path = join(dir, 'node.key');
  await writeFile(path, 'damaged');
  await rewriteKeyFile(path, 'damaged', 'good');
  expect(await readFile(path, 'utf8')).toBe('good');
  expect(await readFile(`${path}.damaged`, 'utf8')).toBe('damaged');
});

it.each(['missing', 'damaged'] as const)('a link whose target is %s is left as it is', async (was) => {
  const [path, target] = [join(dir, 'node.key'), join(dir, 'elsewhere')];
  if (was === 'damaged') await writeFile(target, 'damaged');
  await symlink(target, path);
  await expect(rewriteKeyFile(path, was, 'secret')).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readlink(path)).toBe(target);
});
