import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Curve25519SecretKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { parseRecordFile, recordFileName } from '@rustbalance/actors/election/records/record-file.js';
import {
  clusterSecret,
  coordinationIdentitySeed,
  joinSecret,
  tokenClientAuthorization,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
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

const configOf = (dir: string) => {
  const parsed = parseConfig(readFileSync(at(dir, 'config.toml'), 'utf8'), 'config.toml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

/** The records in peers/, opened as the daemon opens them. */
const recordsOf = (dir: string) => {
  const token = readFileSync(at(dir, 'cluster.token'), 'utf8').trim();
  const address = /onion_address = "(.*)"/.exec(readFileSync(at(dir, 'config.toml'), 'utf8'))![1]!;
  const secret = clusterSecret(Buffer.from(token), address);
  const records = readdirSync(at(dir, 'peers')).map((name) => {
    const read = parseRecordFile(secret.tag, readFileSync(at(dir, 'peers', name), 'utf8'));
    if (!read.ok) throw new Error(read.problem);
    expect(recordFileName(read.signed.record)).toBe(name);
    return read.signed;
  });
  const member = records.flatMap(({ record }) => (record.kind === 'member' ? record : []));
  const tokens = records.flatMap(({ record }) => (record.kind === 'join-token' ? record : []));
  expect([member.length, tokens.length]).toEqual([1, 1]);
  for (const { signer } of records) expect(signer).toEqual(member[0]!.publicKey);
  return { member: member[0]!, token: tokens[0]!, secret };
};

/** The address that the master key leads to. */
const addressOfKeyIn = (dir: string): string => {
  const imported = importIdentity(new Uint8Array(readFileSync(at(dir, 'master.key'))));
  if (!imported.ok) throw new Error(imported.detail);
  return `${imported.value.address}.onion`;
};

interface Output {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly config_path: string;
  readonly master_key_path: string;
  readonly cluster_token_path: string;
}
interface Added {
  readonly transport: string;
  readonly members_dir: string | null;
  readonly wireguard_public_key: string | null;
  readonly wireguard_endpoint: string | null;
  readonly join_token: string | null;
}
const output = (world: TestWorld): Output & Added => JSON.parse(world.out) as Output & Added;

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
      ['peers', '700'],
    ]);
    expect(readdirSync(at('etc', 'peers')).map((name) => mode(at('etc', 'peers', name)))).toEqual([
      '600',
      '600',
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

  it('without an endpoint has the nodes meet over Tor, and tells nobody an address', async () => {
    const made = output(await init('etc', '--node-id', 'alpha'));
    expect(made).toMatchObject({
      transport: 'tor',
      members_dir: at('etc', 'peers'),
      wireguard_public_key: null,
      wireguard_endpoint: null,
    });
    expect(configOf('etc')).toMatchObject({
      node: { priority: 1 },
      coordination: { mode: 'tor', members_dir: at('etc', 'peers') },
    });
    const { member } = recordsOf('etc');
    const seed = parseNodeKeyFile(readFileSync(at('etc', 'node.key'), 'utf8'))!;
    expect(member).toMatchObject({
      id: 'alpha',
      priority: 1,
      state: 'present',
      hasMasterKey: true,
      wireguard: null,
      direct: null,
      publicKey: nodePublicKey(seed),
      coordination: generateIdentity(coordinationIdentitySeed(seed)).publicKey,
    });
  });

  it('with an endpoint makes a WireGuard key, and tells in its record where it is reached', async () => {
    const made = output(await init('etc', '--endpoint', '[2001:db8::7]:51999', '--priority', '3'));
    const file = readFileSync(at('etc', 'wg_private.key'), 'utf8');
    expect(file).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(mode(at('etc', 'wg_private.key'))).toBe('600');
    const publicKey = curve25519PublicKey(Buffer.from(file, 'base64') as Uint8Array as Curve25519SecretKey);
    expect(made).toMatchObject({
      transport: 'wireguard',
      wireguard_public_key: Buffer.from(publicKey).toString('base64'),
      wireguard_endpoint: '[2001:db8::7]:51999',
    });
    expect(configOf('etc')).toMatchObject({
      node: { priority: 3 },
      coordination: { mode: 'wireguard' },
      wireguard: {
        endpoint: '[2001:db8::7]:51999',
        listen_port: 51_999,
        private_key_path: at('etc', 'wg_private.key'),
      },
    });
    expect(recordsOf('etc').member).toMatchObject({
      priority: 3,
      wireguard: { publicKey, endpoint: '[2001:db8::7]:51999' },
    });
  });

  it.each([
    ['tor', []],
    ['wireguard', ['--endpoint', '192.0.2.1:51820']],
    ['direct', ['--listen', '192.0.2.1:7001']],
  ])(
    'prints a join token by %s whose record the daemon finds beside that of the node',
    async (mode, args) => {
      const made = output(await init('etc', '--node-id', 'alpha', ...args));
      const { member, token, secret } = recordsOf('etc');
      const words = JSON.parse(
        Buffer.from(made.join_token!.replace(/^rb1:/, ''), 'base64url').toString(),
      ) as Record<string, unknown>;
      const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
      expect(token).toMatchObject({ version: 1, issuer: member.publicKey, usedBy: [], revoked: false });
      expect(token.notAfter * 1000 - Date.now()).toBeGreaterThan(23 * 3_600_000);
      expect(words).toMatchObject({
        cluster_id: base64url(secret.tag),
        token_id: base64url(token.tokenId),
        secret: base64url(joinSecret(secret, token.tokenId)),
        client_auth: base64url(tokenClientAuthorization(secret, token.tokenId).secret),
        expires_at: token.notAfter,
        uses: token.uses,
      });
      const service =
        member.coordination === null ? undefined : `${encodeOnionAddress(member.coordination)}.onion`;
      expect(words['origin']).toEqual({
        node_id: 'alpha',
        node_key: base64url(member.publicKey),
        ...(mode === 'direct' ? { direct: '192.0.2.1:7001' } : { coordination: service }),
        ...(mode === 'wireguard'
          ? { wg_pubkey: base64url(member.wireguard!.publicKey), wg_endpoint: '192.0.2.1:51820' }
          : {}),
      });
    },
  );

  it.each([
    ['a node that listens nowhere', ['--transport', 'direct']],
    ['a node that listens on every address', ['--listen', '0.0.0.0:7001']],
    ['a node of a cluster that exists', ['--listen', '10.0.0.1:7001', '--cluster-token-file', 'token']],
  ])('makes no record and no token for %s', async (_what, args) => {
    writeFileSync(at('token'), 'a token\n');
    const made = output(await init('etc', ...args.map((word) => (word === 'token' ? at(word) : word))));
    expect(made).toMatchObject({ transport: 'direct', members_dir: null, join_token: null });
    expect(readdirSync(at('etc')).toSorted()).toEqual([
      'cluster.token',
      'config.toml',
      'master.key',
      'node.key',
    ]);
  });

  it.each([
    [['--endpoint', '192.0.2.1:1', '--transport', 'tor'], 'cli.usage'],
    [['--endpoint', '192.0.2.1:1', '--listen', '192.0.2.1:1'], 'cli.usage'],
    [['--listen', '192.0.2.1:1', '--transport', 'tor'], 'cli.usage'],
    [['--transport', 'wireguard'], 'cli.usage'],
    [['--endpoint', 'vpn.example.org:51820'], 'config.bad-endpoint'],
    [['--endpoint', '192.0.2.1'], 'config.bad-endpoint'],
    [['--endpoint', '192.0.2.1:70000'], 'config.bad-endpoint'],
    [['--vanity-prefix', 'my-site'], 'init.bad-prefix'],
    [['--vanity-prefix', 'abcdefghijk'], 'init.bad-prefix'],
    [['--vanity-prefix', 'ab', '--import-key', 'key'], 'cli.usage'],
  ])('refuses %j and leaves nothing', async (args, code) => {
    const world = await init('etc', ...args);
    expect([world.code, world.errors.map((error) => error.code)]).toEqual([2, [code]]);
    expect(readdirSync(root)).toEqual([]);
  });

  it('refuses a folder of members that some former node left', async () => {
    mkdirSync(at('etc', 'peers'), { recursive: true });
    writeFileSync(at('etc', 'peers', 'old.pub'), 'precious');
    const world = await init('etc');
    expect([world.code, world.errors.map(({ code }) => code)]).toEqual([1, ['init.exists']]);
    expect(readdirSync(at('etc'), { recursive: true })).toEqual(['peers', 'peers/old.pub']);
    rmSync(at('etc', 'peers', 'old.pub'));
    expect((await init('etc')).code).toBe(0);
  });

  it('searches for an address that begins as asked, in threads of its own', async () => {
    const made = output(await init('etc', '--vanity-prefix', 'Ab'));
    expect(made.onion_address).toMatch(/^ab/);
    expect(addressOfKeyIn('etc')).toBe(made.onion_address);
  });

  it('ends a search at ^C and leaves nothing', async () => {
    const world = new TestWorld();
    setTimeout(() => world.interrupt.abort(), 300);
    const code = await world.run(
      ...['init', '--config-dir', at('etc'), ...TARGET, '--yes', '--json', '--vanity-prefix', 'abcdefghij'],
    );
    expect([code, world.errors.map((error) => error.code)]).toEqual([1, ['init.interrupted']]);
    expect(world.out).toBe('');
    expect(readdirSync(root)).toEqual([]);
  });

  it('does not search where its files could not be placed', async () => {
    mkdirSync(at('etc'));
    writeFileSync(at('etc', 'master.key'), 'precious');
    const world = await init('etc', '--vanity-prefix', 'abcdefghij');
    expect([world.code, world.errors.map((error) => error.code)]).toEqual([1, ['init.exists']]);
  });

  it('offers to start the daemon where nobody else does, and starts nothing unasked', async () => {
    const world = new TestWorld();
    world.systemd = false;
    world.answers = [true, false];
    expect(await world.run('init', '--config-dir', at('etc'), ...TARGET)).toBe(0);
    expect(world.asked.at(-1)).toMatch(/^Start it now/);
    expect(world.out).toContain(`rustbalance run --config ${at('etc', 'config.toml')}`);
    const quiet = new TestWorld();
    quiet.systemd = false;
    expect(await quiet.run('init', '--config-dir', at('b'), ...TARGET, '--yes')).toBe(0);
    expect(quiet.asked).toEqual([]);
  });

  it('with systemd says its command', async () => {
    const world = new TestWorld();
    world.answer = true;
    expect(await world.run('init', '--config-dir', at('etc'), ...TARGET)).toBe(0);
    expect(world.asked.length).toBe(1);
    expect(world.out).toContain('systemctl enable --now rustbalance');
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
      'peers',
    ]);
  });

  it('gives its files to the owner of a directory that exists', async () => {
    mkdirSync(at('etc'));
    if (process.geteuid?.() === 0) chownSync(at('etc'), 4242, 4343);
    expect((await init('etc')).code).toBe(0);
    const { uid, gid } = statSync(at('etc'));
    const names = readdirSync(at('etc'), { recursive: true, encoding: 'utf8' });
    expect(names.length).toBe(7);
    for (const name of names) expect(statSync(at('etc', name))).toMatchObject({ uid, gid });
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

describe('files that are placed in a folder', () => {
  const files = [
    { name: 'peers/a.pub', content: 'A' },
    { name: 'last', content: 'L' },
  ];

  it('come and go with the others', async () => {
    await placeFiles(at('new'), files);
    mkdirSync(at('old'));
    await placeFiles(at('old'), files);
    for (const dir of ['new', 'old']) {
      expect(readdirSync(at(dir), { recursive: true }).toSorted()).toEqual(['last', 'peers', 'peers/a.pub']);
      expect(mode(at(dir, 'peers'))).toBe('700');
      await expect(placeFiles(at(dir), files)).rejects.toMatchObject({ code: 'init.exists' });
    }
  });

  it('are taken back when another file cannot be linked', async () => {
    mkdirSync(at('old'));
    // A link to nowhere stands for a file that comes between the look and the placing.
    symlinkSync(at('nowhere'), at('old', 'last'));
    await expect(placeFiles(at('old'), files)).rejects.toMatchObject({ code: 'init.exists' });
    expect(readdirSync(at('old'))).toEqual(['last']);
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

  it.runIf(process.geteuid?.() === 0)(
    'by root go where nobody can lead them by a link, whoever owns the directory',
    async () => {
      mkdirSync(at('victim'));
      for (let round = 0; round < 20; round++) {
        const dir = `etc${String(round)}`;
        mkdirSync(at(dir));
        chownSync(at(dir), 4242, 4343);
        let isOver = false;
        let isPlanted = false;
        const led = new Set<string>();
        // As the owner of the directory could: puts a link into the place of the folder in which root writes.
        const planting = (async () => {
          for (let turn = 0; !isOver; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
            for (const name of readdirSync(at('victim'))) led.add(name);
            const [stage] = readdirSync(at(dir)).filter((name) => name.startsWith('.init-'));
            if (isPlanted || stage === undefined || turn < round) continue;
            renameSync(at(dir, stage), at(dir, 'moved'));
            symlinkSync(at('victim'), at(dir, stage));
            isPlanted = true;
          }
        })();
        await placeFiles(at(dir), [{ name: 'peers/a.pub', content: 'A' }, ...files]).catch(() => undefined);
        isOver = true;
        await planting;
        expect([...led]).toEqual([]);
      }
    },
  );

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
