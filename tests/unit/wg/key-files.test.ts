import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { encodeNodeKeyFile } from '@rustbalance/actors/kernel/node-key.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { KeyFiles } from '@rustbalance/actors/wg/key-files.js';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINIMAL } from '../config/minimal.js';

const SEED = new Uint8Array(32).fill(1) as Ed25519Seed;
const TUNNEL_KEY = Buffer.alloc(32, 2);
let folder: string;
const at = (name: string): string => join(folder, name);

const keyFiles = (credentials: string | null = null): KeyFiles => {
  const outcome = parseConfig(MINIMAL, 'test');
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  const { config } = outcome;
  const log = makeLogger(
    'wg',
    () => 0,
    () => undefined,
  );
  const secrets = {
    masterKey: null,
    nodeKey: new Secret(SEED),
    clusterToken: new Secret(Buffer.from('the token')),
    wireguardKey: new Secret(TUNNEL_KEY),
    controlPassword: null,
  };
  const named = {
    ...config,
    node: { ...config.node, key_path: at('node.key') },
    coordination: { ...config.coordination, mode: 'wireguard' as const, cluster_token_file: at('token') },
    wireguard: { ...config.wireguard, private_key_path: at('wg.key') },
  };
  return new KeyFiles({ config: named, secrets, log }, credentials);
};
const states = async (): Promise<readonly string[]> =>
  (await keyFiles().faults()).map(({ key, state }) => `${key} ${state}`);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-keys-'));
  await writeFile(at('node.key'), encodeNodeKeyFile(SEED), { mode: 0o600 });
  await writeFile(at('token'), 'the token\n', { mode: 0o600 });
  await writeFile(at('wg.key'), `${TUNNEL_KEY.toString('base64')}\n`, { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the key files of a running daemon', () => {
  it.each([
    ['node.key', 'node.key_path'],
    ['token', 'coordination.cluster_token_file'],
    ['wg.key', 'wireguard.private_key_path'],
  ])('%s is restored when it is deleted, and when it is damaged', async (name, key) => {
    const before = await readFile(at(name), 'utf8');
    expect(await states()).toEqual([]);
    await rm(at(name));
    expect(await states()).toEqual([`${key} missing`]);
    await keyFiles().restore(key);
    expect(await readFile(at(name), 'utf8')).toBe(before);
    await writeFile(at(name), '\u0000');
    await chmod(at(name), 0o644);
    expect(await states()).toEqual([`${key} damaged`]);
    await keyFiles().restore(key);
    expect(await readFile(at(name), 'utf8')).toBe(before);
    expect(await readFile(at(`${name}.damaged`), 'utf8')).toBe('\u0000');
    expect((await stat(at(name))).mode & 0o777).toBe(0o600);
    expect((await stat(at(`${name}.damaged`))).mode & 0o777).toBe(0o600);
  });

  it('are left alone with another valid content, which is somebody’s decision', async () => {
    const other = encodeNodeKeyFile(new Uint8Array(32).fill(9) as Ed25519Seed);
    await writeFile(at('node.key'), other);
    await writeFile(at('token'), 'another token\n');
    expect(await states()).toEqual([]);
    await keyFiles().restore('node.key_path');
    expect(await readFile(at('node.key'), 'utf8')).toBe(other);
  });

  it('a token of which only the beginning is left is damaged', async () => {
    await writeFile(at('token'), 'the to');
    expect(await states()).toEqual(['coordination.cluster_token_file damaged']);
    await keyFiles().restore('coordination.cluster_token_file');
    expect(await readFile(at('token'), 'utf8')).toBe('the token\n');
  });

  it('lose the copies that a crash left beside them', async () => {
    const names = await readdir(folder);
    for (const name of names) await writeFile(at(`.${name}.0123456789ab.tmp`), 'a copy');
    await keyFiles().removeLeftovers();
    expect(await readdir(folder)).toEqual(names);
  });

  it('are not looked at where systemd keeps them', async () => {
    await rm(at('node.key'));
    expect(await keyFiles(folder).faults()).toEqual([]);
  });
});
