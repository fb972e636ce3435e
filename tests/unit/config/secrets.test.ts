import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { loadNode, systemSecretsWorld } from '@rustbalance/actors/kernel/config/load-node.js';
import type { NodeOutcome } from '@rustbalance/actors/kernel/config/load-node.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import type { SecretsWorld } from '@rustbalance/actors/kernel/config/secrets-files.js';
import type { ErrorCode } from '@rustbalance/actors/kernel/errors.js';
import { measuring } from '../../support/measured.js';

const PLANTED = 'planted-hunter2-secret';
const master = generateIdentity(new Uint8Array(32).fill(7));
const masterFile = hiddenServiceFiles(master.secret).hs_ed25519_secret_key;
const nodeSeed = Buffer.alloc(32, 9).toString('base64');

let dir = '';
const at = (name: string): string => join(dir, name);
const put = (name: string, content: string | Uint8Array, mode = 0o600): void => {
  writeFileSync(at(name), content);
  chmodSync(at(name), mode);
};

const config = (extra = '', token = `cluster_token_file = "${at('token')}"`): string => `
[node]
id = "alpha"
key_path = "${at('node.key')}"
[master]
onion_address = "${master.address}.onion"
identity_key_path = "${at('master.key')}"
[target]
url = "http://127.0.0.1:9101"
[coordination]
${token}
${extra}`;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rb-secrets-'));
  put('master.key', masterFile);
  put('node.key', `${nodeSeed}\n`);
  put('token', `${PLANTED}\n`);
  put('config.toml', config());
});
afterEach(() => rmSync(dir, { recursive: true }));

const world = (changes: Partial<SecretsWorld> = {}): SecretsWorld => ({
  ...systemSecretsWorld(),
  credentialsDirectory: null,
  ...changes,
});
const load = (changes: Partial<SecretsWorld> = {}): Promise<NodeOutcome> =>
  loadNode(at('config.toml'), [], world(changes));
const codes = async (
  changes: Partial<SecretsWorld> = {},
): Promise<readonly (readonly [ErrorCode, string])[]> => {
  const outcome = await load(changes);
  return outcome.ok
    ? []
    : outcome.problems.map((error) => [error.code, error.where.slice(dir.length + 1)] as const);
};

describe('the secrets of a node', () => {
  it('are read from their files: master key, node key and token', async () => {
    const outcome = await load();
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
    expect(outcome.node.secrets.masterKey?.reveal()).toEqual(master.secret);
    expect(Buffer.from(outcome.node.secrets.nodeKey?.reveal() ?? []).toString('base64')).toBe(nodeSeed);
    expect(new TextDecoder().decode(outcome.node.secrets.clusterToken?.reveal())).toBe(PLANTED);
    expect(outcome.node.secrets.controlPassword).toBeNull();
    expect(outcome.node.warnings).toEqual([]);
  });

  it.each([
    ['a 64-byte expanded key', () => master.secret],
    ['a 32-byte seed', () => new Uint8Array(32).fill(7)],
  ])('take the master key as %s', async (_what, bytes) => {
    put('master.key', bytes());
    const outcome = await load();
    expect(outcome.ok && outcome.node.secrets.masterKey?.reveal()).toEqual(master.secret);
  });

  it('do without a master key where the configuration says so, and without a token', async () => {
    put(
      'config.toml',
      config()
        .replace(at('master.key'), '')
        .replace(/cluster_token_file.*/, ''),
    );
    const outcome = await load();
    expect(outcome.ok && outcome.node.secrets.masterKey).toBeNull();
    expect(outcome.ok && outcome.node.secrets.clusterToken).toBeNull();
  });

  it('written into the configuration are taken out of it, and warned of where others can read it', async () => {
    const text = config(`[tor]\ncontrol_password = "pw-${PLANTED}"`, `cluster_token = "${PLANTED}"`);
    put('config.toml', text, 0o644);
    const outcome = await load();
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
    expect(outcome.node.config.tor.control_password).toBe('');
    expect(outcome.node.config.coordination.cluster_token).toBe('');
    expect(new TextDecoder().decode(outcome.node.secrets.clusterToken?.reveal())).toBe(PLANTED);
    expect(new TextDecoder().decode(outcome.node.secrets.controlPassword?.reveal())).toBe(`pw-${PLANTED}`);
    expect(outcome.node.warnings.map((error) => [error.code, error.detail['key']])).toEqual([
      ['config.readable-secret', 'tor.control_password'],
      ['config.readable-secret', 'coordination.cluster_token'],
    ]);
    expect(inspect(outcome, { depth: 20 }) + JSON.stringify(outcome)).not.toContain(PLANTED);
  });

  it.each([
    ['a missing file', 'master.key', () => rmSync(at('master.key')), 'secret.unreadable'],
    ['a directory', 'token', () => (rmSync(at('token')), mkdirSync(at('token'))), 'secret.unreadable'],
    [
      'a FIFO, which would never end',
      'node.key',
      () => (rmSync(at('node.key')), execFileSync('mkfifo', ['-m', '600', at('node.key')])),
      'secret.unreadable',
    ],
    [
      'a file that is too large',
      'master.key',
      () => put('master.key', new Uint8Array(5000)),
      'secret.unreadable',
    ],
    [
      'a file that the group can read',
      'master.key',
      () => chmodSync(at('master.key'), 0o640),
      'secret.too-open',
    ],
    ['a file that the world can read', 'token', () => chmodSync(at('token'), 0o604), 'secret.too-open'],
    [
      'a master key of 33 bytes',
      'master.key',
      () => put('master.key', new Uint8Array(33)),
      'secret.bad-master-key',
    ],
    [
      'a master key of zeros',
      'master.key',
      () => put('master.key', new Uint8Array(32)),
      'secret.bad-master-key',
    ],
    [
      'a public key in place of the master key',
      'master.key',
      () => put('master.key', hiddenServiceFiles(master.secret).hs_ed25519_public_key),
      'secret.bad-master-key',
    ],
    [
      'the master key of another address',
      'master.key',
      () => put('master.key', new Uint8Array(32).fill(8)),
      'secret.foreign-master-key',
    ],
    ['an empty node key', 'node.key', () => put('node.key', ''), 'secret.bad-node-key'],
    [
      'a node key of 31 bytes',
      'node.key',
      () => put('node.key', Buffer.alloc(31).toString('base64')),
      'secret.bad-node-key',
    ],
    [
      'a node key that is no text',
      'node.key',
      () => put('node.key', new Uint8Array(32).fill(255)),
      'secret.bad-node-key',
    ],
    ['an empty token', 'token', () => put('token', '\n'), 'secret.bad-token'],
    ['a token of two lines', 'token', () => put('token', `${PLANTED}\n${PLANTED}\n`), 'secret.bad-token'],
  ])('are refused: %s (%s)', async (_what, file, prepare, code) => {
    prepare();
    expect(await codes()).toEqual([[code, file]]);
  });

  it('are refused when another user owns them, with the chown to run', async () => {
    const theirs: SecretsWorld['readFacts'] = async (path, max) => ({
      ...(await systemSecretsWorld().readFacts(path, max)),
      uid: 4242,
    });
    const outcome = await load({ readFacts: theirs, uid: 1000, userName: 'rb' });
    expect(outcome.ok ? [] : outcome.problems.map((error) => error.action)).toEqual(
      ['master.key', 'node.key', 'token'].map((file) => `Run: chown rb ${at(file)}`),
    );
    expect((await load({ readFacts: theirs, uid: 0 })).ok).toBe(true);
    expect((await load({ readFacts: theirs, uid: 4242 })).ok).toBe(true);
  });

  it('in the credentials directory of systemd are taken with whatever owner and mode they have', async () => {
    chmodSync(at('master.key'), 0o440);
    expect(await codes()).toEqual([['secret.too-open', 'master.key']]);
    expect(await codes({ credentialsDirectory: dir })).toEqual([]);
    expect(await codes({ credentialsDirectory: `${dir}-other` })).toEqual([
      ['secret.too-open', 'master.key'],
    ]);
  });

  it('that are wrong are reported all at once, each with the command or file to mend it', async () => {
    chmodSync(at('master.key'), 0o644);
    put('node.key', 'x');
    rmSync(at('token'));
    expect(await codes()).toEqual([
      ['secret.too-open', 'master.key'],
      ['secret.bad-node-key', 'node.key'],
      ['secret.unreadable', 'token'],
    ]);
  });

  it('appear in no error, whatever fails', async () => {
    const secret = Buffer.from(master.secret);
    const spellings = [PLANTED, nodeSeed, secret.toString('hex'), secret.toString('base64')];
    const outcomes: unknown[] = [];
    put('node.key', `${nodeSeed}${nodeSeed}`);
    put('token', `${PLANTED}\u0000`);
    put('master.key', secret.subarray(0, 63));
    outcomes.push(await load());
    for (const line of [
      `cluster_token = "${PLANTED}`,
      `cluster_token = ${PLANTED}`,
      `cluster_token = ["${PLANTED}"]`,
      `cluster_token = { a = "${PLANTED}" }`,
      `cluster_token = "${PLANTED}"\ncluster_token = "${PLANTED}"`,
      `cluster_token = "${PLANTED}"\ncluster_token_file = "/t"`,
      `cluster_token = "${PLANTED.repeat(100)}"`,
      `mode = "direct"\n"${PLANTED} is the token" = 1`,
    ]) {
      const outcome = parseConfig(config('', line), 'c.toml', [
        `coordination.cluster_token=${PLANTED}`,
        `tor.control_password=${PLANTED}`,
        `coordination.cluster_tokn=${PLANTED}`,
        `node.priority=${PLANTED}`,
        PLANTED,
      ]);
      expect(outcome.ok).toBe(false);
      outcomes.push(outcome);
    }
    const said = inspect(outcomes, { depth: 20, maxStringLength: null }) + JSON.stringify(outcomes);
    for (const spelling of spellings) expect(said).not.toContain(spelling);
  });
});

describe('a configuration file that cannot be read', () => {
  it.each([
    ['is missing', () => rmSync(at('config.toml')), 'there is no such file'],
    ['is a directory', () => (rmSync(at('config.toml')), mkdirSync(at('config.toml'))), 'it is a directory'],
    ['is not UTF-8', () => put('config.toml', Uint8Array.of(0x61, 0xff)), 'it is not UTF-8 text'],
    ['is larger than 1 MiB', () => put('config.toml', '#'.repeat(1_048_577)), 'it is too large'],
  ])('because it %s is reported with the reason', async (_what, prepare, reason) => {
    prepare();
    const outcome = await load();
    expect(outcome.ok ? [] : outcome.problems.map((error) => [error.code, error.detail['reason']])).toEqual([
      ['config.unreadable', reason],
    ]);
  });
});

describe('the backup of the master key', () => {
  const withBackup = (): void => {
    put('config.toml', config().replace('[target]', `backup_key_path = "${at('backup.key')}"\n[target]`));
    put('backup.key', masterFile);
  };

  it.each([
    ['is lost', () => rmSync(at('master.key'))],
    ['is damaged', () => put('master.key', 'x'.repeat(96))],
    ['is empty', () => put('master.key', '')],
  ])('is started from when the key %s, with a warning', async (_how, damage) => {
    withBackup();
    damage();
    const read = measuring(
      'the master key is lost while no daemon runs: the configuration is loaded with its backup',
    );
    const outcome = await load();
    read();
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
    expect(outcome.node.secrets.masterKey?.reveal()).toEqual(master.secret);
    expect(outcome.node.warnings.map(({ code }) => code)).toEqual(['secret.master-key-from-backup']);
  });

  it('hides no mistake: a key that is open to others, or of another address, is refused as ever', async () => {
    withBackup();
    put('master.key', masterFile, 0o644);
    expect(await codes()).toEqual([['secret.too-open', 'master.key']]);
    put(
      'master.key',
      hiddenServiceFiles(generateIdentity(new Uint8Array(32).fill(8)).secret).hs_ed25519_secret_key,
    );
    expect(await codes()).toEqual([['secret.foreign-master-key', 'master.key']]);
  });

  it('is held to the same rules as the key', async () => {
    withBackup();
    rmSync(at('master.key'));
    put('backup.key', masterFile, 0o640);
    expect(await codes()).toEqual([['secret.unreadable', 'master.key']]);
  });

  it('is refused where it is the key itself, or where there is none', async () => {
    put('config.toml', config().replace('[target]', `backup_key_path = "${at('master.key')}"\n[target]`));
    expect((await codes()).map(([code]) => code)).toEqual(['config.bad-value']);
  });
});
