import { chown, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giveDirectory, heirOf } from '@rustbalance/actors/kernel/heir.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-heir-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };

describe('a directory that is given away', () => {
  it('is none that a link in its place leads to', async () => {
    await mkdir(join(dir, 'elsewhere'));
    await symlink(join(dir, 'elsewhere'), join(dir, 'peers'));
    await expect(giveDirectory(join(dir, 'peers'), own)).rejects.toMatchObject({
      code: expect.stringMatching(/ELOOP|ENOTDIR/) as string,
    });
  });

  it.runIf(own.uid === 0)('belongs to whoever owns the directory above', async () => {
    expect(await heirOf(dir)).toBeNull();
    await chown(dir, 4242, 4343);
    const heir = await heirOf(dir);
    expect(heir).toEqual({ uid: 4242, gid: 4343 });
    await mkdir(join(dir, 'peers'));
    await giveDirectory(join(dir, 'peers'), heir!);
    expect(await stat(join(dir, 'peers'))).toMatchObject({ uid: 4242, gid: 4343 });
  });
});
