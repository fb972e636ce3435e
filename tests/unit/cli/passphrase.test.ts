import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded } from '@rustbalance/actors/election/join/embedded-key.js';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { knownPassphraseKey, newPassphraseSeal, weakness } from '@rustbalance/cli/passphrase.js';
import { passphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-key.js';
import { TestWorld } from './world.js';

const GOOD = 'correct horse battery staple';
const NOTHING = { 'passphrase-file': undefined, 'passphrase-fd': undefined };
const SALT = new Uint8Array(16).map((_, at) => at);

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rb-pass-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const fileWith = (content: string | Uint8Array): string => {
  const path = join(root, 'passphrase');
  writeFileSync(path, content);
  return path;
};

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
    return 'good';
  } catch (error) {
    return error instanceof RbError ? error.code : String(error);
  }
};

describe('the key of a passphrase', () => {
  it('is Argon2id of its NFKC form (made with @noble/hashes 2.4, argon2id, t=3, m=65536, p=1)', () => {
    const expected = 'ed004d0448af0783ba035f3ff54bc9c2c579451d21cd13bee79974eb5ce70d96';
    const composed = 'sechs Wörter aus dem Würfelbecher';
    for (const form of [composed, composed.normalize('NFD')]) {
      expect(Buffer.from(passphraseKey(form, SALT)).toString('hex')).toBe(expected);
    }
    expect(() => passphraseKey(composed, SALT.subarray(1))).toThrow(RangeError);
  });
});

describe('a new passphrase', () => {
  it('that is typed must be typed twice, and nobody sees it', async () => {
    const world = new TestWorld();
    world.secrets = [GOOD, GOOD];
    const { key, salt } = await newPassphraseSeal(NOTHING, world);
    expect(key).toEqual(passphraseKey(GOOD, salt));
    expect(world.asked).toHaveLength(2);
    expect(world.out + world.err + world.asked.join('')).not.toContain(GOOD);
    world.secrets = [GOOD, `${GOOD}r`];
    expect(await codeOf(newPassphraseSeal(NOTHING, world))).toBe('cli.passphrase-differs');
  });

  it('that is weak is refused with what would do', async () => {
    expect(weakness('short')).toBe('it has 5 characters');
    expect(weakness('a'.repeat(40))).toBe('only 1 of its characters differ');
    expect(weakness(GOOD)).toBeNull();
    const world = new TestWorld();
    world.secrets = ['hunter2'];
    expect(await codeOf(newPassphraseSeal(NOTHING, world))).toBe('cli.passphrase-weak');
    expect(world.asked).toHaveLength(1);
  });

  it('comes from a file or a descriptor as well, without its line break', async () => {
    const world = new TestWorld();
    const given = { ...NOTHING, 'passphrase-file': fileWith(`${GOOD}\n`) };
    expect((await newPassphraseSeal(given, world)).salt).toHaveLength(16);
    world.descriptors = { 3: `${GOOD}\r\n` };
    const key = await knownPassphraseKey({ ...NOTHING, 'passphrase-fd': 3 }, SALT, world);
    expect(key).toEqual(passphraseKey(GOOD, SALT));
    expect(world.asked).toEqual([]);
  });

  it('is told to be missing, or unusable, in one line', async () => {
    const world = new TestWorld();
    world.descriptors = { 3: 'x'.repeat(1025) };
    const from = (content: string | Uint8Array) => ({ ...NOTHING, 'passphrase-file': fileWith(content) });
    expect(await codeOf(newPassphraseSeal(NOTHING, world))).toBe('cli.passphrase-missing');
    expect(await codeOf(newPassphraseSeal(from(''), world))).toBe('cli.passphrase-unreadable');
    expect(await codeOf(newPassphraseSeal(from(`${GOOD}\n${GOOD}\n`), world))).toBe(
      'cli.passphrase-unreadable',
    );
    expect(await codeOf(newPassphraseSeal(from(Uint8Array.of(0xff, 0xfe)), world))).toBe(
      'cli.passphrase-unreadable',
    );
    expect(await codeOf(newPassphraseSeal(from('x'.repeat(1025)), world))).toBe('cli.file-unreadable');
    for (const fd of [3, 9]) {
      expect(await codeOf(newPassphraseSeal({ ...NOTHING, 'passphrase-fd': fd }, world))).toBe(
        'cli.passphrase-unreadable',
      );
    }
  });
});

describe('init --embed-key', () => {
  const init = async (...more: readonly string[]) => {
    const world = new TestWorld();
    const places = ['--config-dir', join(root, 'etc'), '--target', 'http://127.0.0.1:9101'];
    const code = await world.run('init', ...places, '--embed-key', '--yes', ...more);
    return { world, code };
  };

  it('makes a token that the passphrase opens, with the record of its one member', async () => {
    const { world, code } = await init('--passphrase-file', fileWith(GOOD), '--json');
    expect(code).toBe(0);
    const { join_token: text } = JSON.parse(world.out) as { join_token: string };
    const reading = readTokenText(text, Math.floor(Date.now() / 1000));
    if (!reading.ok) throw new Error(reading.error.code);
    const opened = openEmbedded(reading.token, passphraseKey(GOOD, reading.token.sealed!.salt));
    expect(opened).toMatchObject({ records: [expect.any(Uint8Array)] });
    expect(opened?.masterKey).toHaveLength(64);
    expect(text.length).toBeLessThan(2953);
  });

  it('writes nothing without a good passphrase, and none where no token is made', async () => {
    const weak = await init('--passphrase-file', fileWith('hunter2'), '--json');
    expect([weak.code, weak.world.errors[0]?.code]).toEqual([1, 'cli.passphrase-weak']);
    expect(weak.world.err).not.toContain('hunter2');
    const lonely = await init('--transport', 'direct', '--passphrase-file', fileWith(GOOD), '--json');
    expect([lonely.code, lonely.world.errors[0]?.code]).toEqual([2, 'cli.usage']);
    const again = await init('--passphrase-file', fileWith(GOOD), '--json');
    expect(again.code).toBe(0);
  });
});
