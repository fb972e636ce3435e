import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import type { ActorContext } from '@rustbalance/actors/kernel/actor.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { KeyFile } from '@rustbalance/actors/publisher/key-file.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configWith } from '../health/world.js';

let folder: string;
let path: string;
let secret: ExpandedSecretKey;
let logged: LogRecord[];
let foreign: Uint8Array;

const identity = async (fill: number) => {
  const made = await runHere('generateIdentity', { seed: new Uint8Array(32).fill(fill) as never });
  if (!made.ok) throw new Error(made.detail);
  return made.value;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-key-'));
  path = join(folder, 'master.key');
  secret = (await identity(7)).secret as ExpandedSecretKey;
  foreign = hiddenServiceFiles((await identity(8)).secret as ExpandedSecretKey).hs_ed25519_secret_key;
  await writeFile(path, hiddenServiceFiles(secret).hs_ed25519_secret_key, { mode: 0o600 });
  logged = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const keyFile = async (credentials: string | null = null, backup = ''): Promise<KeyFile> => {
  const { address } = await identity(7);
  const base = configWith();
  const config = {
    ...base,
    master: { onion_address: `${address}.onion`, identity_key_path: path, backup_key_path: backup },
  };
  const means = {
    config,
    crypto: (task: never, input: never) => runHere(task, input),
    log: makeLogger(
      'publisher',
      () => 0,
      (record) => logged.push(record),
    ),
    secrets: { masterKey: new Secret(secret) },
  } as unknown as ActorContext<'publisher'>;
  return new KeyFile(means, credentials);
};

describe('the master key file', () => {
  it('is good as long as it holds the key', async () => {
    const file = await keyFile();
    expect(await file.look()).toEqual({ state: 'good', reason: null, backupFault: null });
    expect(await file.look()).toEqual({ state: 'good', reason: null, backupFault: null });
  });

  it('is written again from memory when it is gone, as closely kept as before', async () => {
    const file = await keyFile();
    await rm(path);
    expect(await file.look()).toMatchObject({ state: 'missing' });
    await file.restore();
    expect(await file.look()).toMatchObject({ state: 'good' });
    expect(new Uint8Array(await readFile(path))).toEqual(hiddenServiceFiles(secret).hs_ed25519_secret_key);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is written again when it is damaged; what was there is kept beside it and closed', async () => {
    const file = await keyFile();
    for (const damage of ['', 'x'.repeat(96), 'x'.repeat(100)]) {
      await writeFile(path, damage);
      await chmod(path, 0o644);
      expect(await file.look(), damage).toMatchObject({ state: 'damaged' });
      await file.restore();
      expect(await file.look()).toMatchObject({ state: 'good' });
      expect(await readFile(`${path}.damaged`, 'utf8')).toBe(damage);
      expect((await stat(`${path}.damaged`)).mode & 0o777).toBe(0o600);
    }
  });

  it('is left alone when it holds another valid key', async () => {
    const file = await keyFile();
    await writeFile(path, foreign);
    expect(await file.look()).toMatchObject({ state: 'foreign' });
    await file.restore();
    expect(new Uint8Array(await readFile(path))).toEqual(foreign);
  });

  it('is not ours to judge where systemd keeps it', async () => {
    const file = await keyFile(folder);
    await rm(path);
    expect(await file.look()).toEqual({ state: 'none', reason: null, backupFault: null });
    await file.restore();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('loses the copies that a crash left beside it and beside its backup, once the daemon runs', async () => {
    const backup = join(folder, 'backup');
    await mkdir(backup, { mode: 0o700 });
    await writeFile(join(folder, '.master.key.0123456789ab.tmp'), 'a copy');
    await writeFile(join(backup, '.copy.key.0123456789ab.tmp'), 'a copy');
    const file = await keyFile(null, join(backup, 'copy.key'));
    await file.removeLeftovers();
    expect((await readdir(folder)).sort()).toEqual(['backup', 'master.key']);
    expect(await readdir(backup)).toEqual([]);
  });

  it('that cannot be looked at is told as such, and nothing is written', async () => {
    const file = await keyFile();
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    await file.restore();
    expect(await file.look()).toMatchObject({ state: 'unreadable', reason: 'ENOTDIR' });
    expect(await readFile(folder, 'utf8')).toBe('in the way');
  });
});

describe('the backup of the master key', () => {
  const backup = (): string => join(folder, 'backup', 'master.key');

  it('that cannot be written leaves no copy of the key behind, however often it is tried', async () => {
    await mkdir(join(backup(), 'in the way'), { recursive: true });
    const file = await keyFile(null, backup());
    for (let minute = 0; minute < 3; minute++) {
      expect(await file.look()).toMatchObject({ state: 'good', backupFault: 'EISDIR' });
    }
    expect(await readdir(join(folder, 'backup'))).toEqual(['master.key']);
  });

  it('is written where it is missing or differs, for us alone, and not where others may write', async () => {
    const file = await keyFile(null, backup());
    expect(await file.look()).toMatchObject({ state: 'good', backupFault: 'ENOENT' });
    await mkdir(join(folder, 'backup'), { mode: 0o700 });
    expect(await file.look()).toMatchObject({ backupFault: null });
    expect(new Uint8Array(await readFile(backup()))).toEqual(
      hiddenServiceFiles(secret).hs_ed25519_secret_key,
    );
    expect((await stat(backup())).mode & 0o777).toBe(0o600);
    await writeFile(backup(), 'damaged');
    await chmod(join(folder, 'backup'), 0o777);
    expect(await file.look()).toMatchObject({ backupFault: 'others may write to its folder' });
    await chmod(join(folder, 'backup'), 0o755);
    expect(await file.look()).toMatchObject({ backupFault: null });
    expect((await readFile(backup())).length).toBe(96);
  });

  it('is never made of a key that systemd keeps encrypted', async () => {
    await mkdir(join(folder, 'backup'));
    expect(await (await keyFile(folder, backup())).look()).toMatchObject({ state: 'none' });
    await expect(stat(backup())).rejects.toThrow('ENOENT');
  });
});
