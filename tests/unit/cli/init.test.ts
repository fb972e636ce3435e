import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { expandSeed } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { loadNode, systemSecretsWorld } from '@rustbalance/actors/kernel/config/load-node.js';
import { nodePublicKey, parseNodeKeyFile } from '@rustbalance/actors/kernel/node-key.js';
import { placeFiles } from '@rustbalance/cli/init/place-files.js';
import { suggestNodeId } from '@rustbalance/cli/init/node-id.js';
import { isNodeId } from '@rustbalance/actors/kernel/brands.js';
import { TestWorld, repeatable } from './world.js';

const RFC_8032_SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rb-init-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (...parts: readonly string[]): string => join(root, ...parts);
const TARGET = ['--target', 'http://127.0.0.1:9101'];
const init = async (dir: string, ...extra: readonly string[]): Promise<TestWorld & { code: number }> => {
  const world = new TestWorld();
  world.random = repeatable(dir);
  const code = await world.run('init', '--config-dir', at(dir), ...TARGET, '--yes', '--json', ...extra);
  return Object.assign(world, { code });
};
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

interface Output {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly config_path: string;
  readonly master_key_path: string;
  readonly cluster_token_path: string;
}
const output = (world: TestWorld): Output => JSON.parse(world.out) as Output;

describe('init', () => {
  it('makes a node that run accepts, and prints what scripts rely on', async () => {
    const world = await init(
      'etc',
      '--node-id',
      'alpha',
      '--transport',
      'direct',
      '--listen',
      '127.0.0.1:7001',
      '--priority',
      '7',
    );
    expect(world.code).toBe(0);
    const made = output(world);
    expect(made.onion_address).toMatch(/^[a-z2-7]{56}\.onion$/);
    expect(made).toMatchObject({
      node_id: 'alpha',
      config_path: at('etc', 'config.toml'),
      master_key_path: at('etc', 'master.key'),
      cluster_token_path: at('etc', 'cluster.token'),
    });
    const loaded = await loadNode(made.config_path, [], {
      ...systemSecretsWorld(),
      credentialsDirectory: null,
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.node.config).toMatchObject({
      node: { id: 'alpha', priority: 7 },
      master: { onion_address: made.onion_address },
      target: { url: 'http://127.0.0.1:9101' },
      direct: { listen: '127.0.0.1:7001', peers: [] },
    });
    expect(loaded.node.warnings).toEqual([]);
    const seed = parseNodeKeyFile(readFileSync(at('etc', 'node.key'), 'utf8'))!;
    expect(Buffer.from(nodePublicKey(seed)).toString('base64')).toBe(made.node_public_key);
  });

  it('gives the directory 0700 and every file 0600, whatever the umask', async () => {
    const umask = process.umask(0o000);
    try {
      await init('etc');
    } finally {
      process.umask(umask);
    }
    expect(mode(at('etc'))).toBe('700');
    expect(readdirSync(at('etc')).map((name) => [name, mode(at('etc', name))])).toEqual([
      ['cluster.token', '600'],
      ['config.toml', '600'],
      ['master.key', '600'],
      ['node.key', '600'],
    ]);
    expect(readFileSync(at('etc', 'master.key')).length).toBe(96);
  });

  it('accepts peers that are appended to its file', async () => {
    const beta = output(await init('b', '--node-id', 'beta', '--listen', '127.0.0.1:7002'));
    const alpha = output(await init('a', '--node-id', 'alpha', '--listen', '127.0.0.1:7001'));
    const block = `\n[[direct.peers]]\nid = "beta"\naddress = "127.0.0.1:7002"\npublic_key = "${beta.node_public_key}"\n`;
    writeFileSync(alpha.config_path, block, { flag: 'a' });
    const loaded = await loadNode(alpha.config_path, []);
    expect(loaded.ok && loaded.node.config.direct.peers.map(({ id }) => id)).toEqual(['beta']);
  });

  it('makes a second node of the same address with the first one’s key and token', async () => {
    const first = output(await init('a'));
    const second = output(
      await init(
        'b',
        '--import-key',
        first.master_key_path,
        '--cluster-token-file',
        first.cluster_token_path,
      ),
    );
    expect(second.onion_address).toBe(first.onion_address);
    expect(second.node_public_key).not.toBe(first.node_public_key);
    expect(readFileSync(second.cluster_token_path)).toEqual(readFileSync(first.cluster_token_path));
    expect(readFileSync(second.master_key_path)).toEqual(readFileSync(first.master_key_path));
  });

  it.each([
    [
      'a 32-byte seed',
      Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
    ],
    ['a 64-byte expanded key', expandSeed(RFC_8032_SEED as Uint8Array as Ed25519Seed)],
  ])('imports %s (first test key of RFC 8032)', async (_what, bytes) => {
    writeFileSync(at('key'), bytes);
    const world = await init('etc', '--import-key', at('key'));
    expect(output(world).onion_address).toBe(
      '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion',
    );
  });

  it('makes other keys and tokens each time', async () => {
    const [a, b] = [output(await init('a')), output(await init('b'))];
    expect(a.onion_address).not.toBe(b.onion_address);
    expect(readFileSync(a.cluster_token_path, 'utf8')).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(readFileSync(a.cluster_token_path)).not.toEqual(readFileSync(b.cluster_token_path));
  });

  it('without --json shows the block for the other nodes, and no secret', async () => {
    const world = new TestWorld();
    expect(
      await world.run(
        'init',
        '--config-dir',
        at('etc'),
        ...TARGET,
        '--yes',
        '--listen',
        '10.0.0.1:7001',
        '--node-id',
        'alpha',
      ),
    ).toBe(0);
    expect(world.out).toMatch(
      /\[\[direct\.peers\]\]\n\s+id = "alpha"\n\s+address = "10\.0\.0\.1:7001"\n\s+public_key = "[A-Za-z0-9+/]{43}="/,
    );
    for (const name of ['cluster.token', 'node.key']) {
      expect(world.out).not.toContain(readFileSync(at('etc', name), 'utf8').trim());
    }
    expect(world.out).not.toContain(readFileSync(at('etc', 'master.key')).subarray(32).toString('base64'));
  });

  it('asks, and does nothing when the answer is no or nobody is there', async () => {
    for (const answer of [false, null]) {
      const world = new TestWorld();
      world.answer = answer;
      expect(await world.run('init', '--config-dir', at('etc'), ...TARGET)).toBe(2);
      expect(world.asked.length).toBe(1);
      expect(world.err).toContain('[init.not-confirmed]');
      expect(readdirSync(root)).toEqual([]);
    }
    const world = new TestWorld();
    world.answer = true;
    expect(await world.run('init', '--config-dir', at('etc'), ...TARGET)).toBe(0);
    expect(existsSync(at('etc', 'config.toml'))).toBe(true);
  });

  it('names the argument that is wrong, all of them at once, and leaves nothing', async () => {
    const world = await init(
      'etc',
      '--node-id',
      'Alpha!',
      '--listen',
      'here',
      '--run-dir',
      `/${'r'.repeat(120)}`,
    );
    expect(world.code).toBe(2);
    expect(world.errors.map(({ where }) => where)).toEqual(['--node-id', '--listen']);
    expect(readdirSync(root)).toEqual([]);
    const other = await init('etc', '--run-dir', `/${'r'.repeat(120)}`);
    expect(other.errors.map(({ where, code }) => [where, code])).toEqual([
      ['--run-dir', 'config.socket-path-too-long'],
    ]);
  });

  it.each(['master.key', 'node.key', 'cluster.token', 'config.toml'])('never overwrites %s', async (name) => {
    mkdirSync(at('etc'));
    writeFileSync(at('etc', name), 'precious');
    const world = await init('etc');
    expect(world.code).toBe(1);
    expect(world.errors).toMatchObject([{ code: 'init.exists' }]);
    expect(readdirSync(at('etc'))).toEqual([name]);
    expect(readFileSync(at('etc', name), 'utf8')).toBe('precious');
  });

  it('fills a directory that exists, beside what is there', async () => {
    mkdirSync(at('etc'));
    writeFileSync(at('etc', 'notes'), 'mine');
    expect((await init('etc')).code).toBe(0);
    expect(readdirSync(at('etc')).toSorted()).toEqual([
      'cluster.token',
      'config.toml',
      'master.key',
      'node.key',
      'notes',
    ]);
  });

  it('gives its files to the owner of a directory that exists', async () => {
    mkdirSync(at('etc'));
    if (process.geteuid?.() === 0) chownSync(at('etc'), 4242, 4343);
    expect((await init('etc')).code).toBe(0);
    const { uid, gid } = statSync(at('etc'));
    for (const name of readdirSync(at('etc'))) expect(statSync(at('etc', name))).toMatchObject({ uid, gid });
  });

  it.each([
    ['a key file that is missing', ['--import-key', 'missing'], 'cli.file-unreadable'],
    ['a key file that is no key', ['--import-key', 'text'], 'init.bad-key'],
    ['a token file that is empty', ['--cluster-token-file', 'empty'], 'init.bad-token'],
    ['a token file that is a directory', ['--cluster-token-file', '.'], 'cli.file-unreadable'],
    ['a token of two lines', ['--cluster-token-file', 'lines'], 'init.bad-token'],
  ])('refuses %s and leaves nothing', async (_what, [flag, name], code) => {
    writeFileSync(at('text'), 'PLANTED and more');
    writeFileSync(at('empty'), '\n');
    writeFileSync(at('lines'), 'PLANTED\nPLANTED\n');
    const before = readdirSync(root);
    const world = await init('etc', flag!, at(name!));
    expect([world.code, world.errors.map((error) => error.code)]).toEqual([1, [code]]);
    expect(world.err).not.toContain('PLANTED');
    expect(readdirSync(root)).toEqual(before);
  });

  it('reads relative paths from the working directory', async () => {
    const world = new TestWorld();
    world.workingDirectory = root;
    expect(await world.run('init', '--config-dir', 'deep/er', ...TARGET, '--yes', '--json')).toBe(0);
    expect(output(world).config_path).toBe(at('deep', 'er', 'config.toml'));
  });
});

describe('files that are placed', () => {
  const files = [
    { name: 'a', content: 'A' },
    { name: 'b', content: 'B' },
  ];

  it('are all taken back when one of them cannot be placed', async () => {
    // The name of the second is longer than any file system allows: the first is written by then.
    const broken = [...files, { name: 'x'.repeat(300), content: '' }];
    for (const dir of ['new', 'new/deeper']) {
      await expect(placeFiles(at(dir), broken)).rejects.toMatchObject({ code: 'init.write-failed' });
    }
    mkdirSync(at('old'));
    await expect(placeFiles(at('old'), broken)).rejects.toMatchObject({ code: 'init.write-failed' });
    expect(readdirSync(root)).toEqual(['old']);
    expect(readdirSync(at('old'))).toEqual([]);
  });

  it('are refused where a file stands in the place of the directory', async () => {
    writeFileSync(at('file'), 'x');
    await expect(placeFiles(at('file'), files)).rejects.toMatchObject({ code: 'init.write-failed' });
    await expect(placeFiles(at('file', 'sub'), files)).rejects.toMatchObject({ code: 'init.write-failed' });
    expect(readFileSync(at('file'), 'utf8')).toBe('x');
  });

  it('are refused where nothing can be written', async () => {
    await expect(placeFiles('/proc/rustbalance/etc', files)).rejects.toMatchObject({
      code: 'init.write-failed',
    });
    await expect(placeFiles('/proc/self', files)).rejects.toMatchObject({ code: 'init.write-failed' });
  });

  it('of two that race, one wins whole and the other says so', async () => {
    const outcomes = await Promise.allSettled([placeFiles(at('etc'), files), placeFiles(at('etc'), files)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(readdirSync(root)).toEqual(['etc']);
    expect(readdirSync(at('etc')).toSorted()).toEqual(['a', 'b']);
  });
});

describe('the suggested node id', () => {
  it.each(['web1.example.org', 'WEB_1', '', '...', '-x-', 'ü', 'a'.repeat(80), `${'a'.repeat(57)}-b`])(
    'for the host %j is valid',
    (host) => {
      const id = suggestNodeId(host, repeatable('id'));
      expect(isNodeId(id)).toBe(true);
      expect(id).toMatch(/-[0-9a-f]{4}$/);
    },
  );
});
