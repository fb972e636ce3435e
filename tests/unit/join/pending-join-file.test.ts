import { chmod, lstat, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Curve25519SecretKey,
  Ed25519Seed,
  ExpandedSecretKey,
} from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import {
  encodePendingJoin,
  parsePendingJoin,
  readPendingJoin,
  removePendingJoin,
  writePendingJoin,
} from '@rustbalance/actors/election/join/pending-join-file.js';
import type { PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import {
  clusterSecret,
  joinKeyGrant,
  joinSecret,
  tokenClientAuthorization,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { exampleSeed } from '../../support/simulation/cluster-config.js';

const secret = clusterSecret(new TextEncoder().encode('token'), 'address.onion');
const id = new Uint8Array(8).fill(7) as JoinTokenId;

const pending: PendingJoin = {
  token: {
    cluster: secret.tag,
    id,
    secret: joinSecret(secret, id),
    clientAuthorization: tokenClientAuthorization(secret, id).secret,
    notAfter: 1_700_000_000,
    uses: 2,
    origin: {
      nodeId: 'alpha' as NodeId,
      nodeKey: nodePublicKey(exampleSeed(1) as Ed25519Seed),
      coordination: generateIdentity(new Uint8Array(32).fill(3)).address,
      direct: null,
      wireguard: null,
    },
    others: [],
  },
  nodeSeed: exampleSeed(9) as Ed25519Seed,
  nodeId: 'gamma' as NodeId,
  priority: 7,
  wantsMasterKey: false,
  viaMaster: true,
  transport: {
    mode: 'wireguard',
    endpoint: '192.0.2.9:51820',
    privateKey: new Uint8Array(32).fill(5) as Curve25519SecretKey,
  },
  node: {
    target: 'http://127.0.0.1:8080',
    stateDir: '/var/lib/x',
    runDir: undefined,
    torBinary: 'tor',
    extraTorrc: ['TestingTorNetwork 1'],
    madeDirectories: ['/etc/x'],
  },
  progress: { attempts: 5, member: 'alpha' as NodeId, problem: 'ECONNREFUSED', atSecs: 1_699_999_999 },
};

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-p-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('a pending join on disk', () => {
  it.each([
    ['over WireGuard, with all that there can be', pending],
    [
      'of a node whose files are there already',
      { ...pending, priority: null, transport: { mode: 'tor' }, node: null, progress: null },
    ],
    [
      'with what brings the master key',
      {
        ...pending,
        wantsMasterKey: true,
        token: {
          ...pending.token,
          keyGrant: joinKeyGrant(
            new Uint8Array(64).fill(2) as ExpandedSecretKey,
            secret.tag,
            id,
            1_700_000_000,
          ),
        },
      },
    ],
    ['by direct addresses', { ...pending, transport: { mode: 'direct', listen: '192.0.2.9:7001' } }],
  ] as const)('comes back as it was written: %s', (_name, one: PendingJoin) => {
    expect(parsePendingJoin(encodePendingJoin(one))).toEqual({ kind: 'pending', pending: one });
  });

  it('is kept when its token has ended: that is for its user to judge', () => {
    const ended = { ...pending, token: { ...pending.token, notAfter: 1 } };
    expect(parsePendingJoin(encodePendingJoin(ended)).kind).toBe('pending');
  });

  it('is private, whole, alone in its folder, and gone when it is removed', async () => {
    const file = join(dir, 'pending-join.json');
    expect(await readPendingJoin(file)).toEqual({ kind: 'none' });
    await writePendingJoin(file, { ...pending, progress: null });
    await writePendingJoin(file, pending);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(['pending-join.json']);
    expect(await readPendingJoin(file)).toEqual({ kind: 'pending', pending });
    await removePendingJoin(file);
    await removePendingJoin(file);
    expect(await readdir(dir)).toEqual([]);
  });

  it('is written through no link that somebody put into the folder', async () => {
    const file = join(dir, 'pending-join.json');
    const victim = join(dir, 'victim');
    await writeFile(victim, 'untouched');
    for (const name of ['.pending-join.json.tmp', 'pending-join.json'])
      await symlink(victim, join(dir, name));
    await writePendingJoin(file, pending);
    expect(await readFile(victim, 'utf8')).toBe('untouched');
    expect((await lstat(file)).isFile()).toBe(true);
    expect(await readPendingJoin(file)).toEqual({ kind: 'pending', pending });
  });

  it.each([
    ['another version', (text: string) => text.replace('"version": 1', '"version": 2')],
    ['a cut end', (text: string) => text.slice(0, -20)],
    ['a damaged token', (text: string) => text.replace('rb1:e', 'rb1:f')],
    ['a short key', (text: string) => text.replace(/"node_key": "..../, '"node_key": "')],
    ['a name that is none', (text: string) => text.replace('"gamma"', '"../x"')],
    ['a strange field', (text: string) => text.replace('{', '{"more": 1,')],
    ['nothing', () => ''],
  ])('is told unusable, without a word of its content: %s', async (_name, damage) => {
    const file = join(dir, 'pending-join.json');
    await writePendingJoin(file, pending);
    const text = await readFile(file, 'utf8');
    await writeFile(file, damage(text));
    const reading = await readPendingJoin(file);
    expect(reading.kind).toBe('unusable');
    expect(JSON.stringify(reading)).not.toMatch(/rb1:|alpha|[A-Za-z0-9+/]{20}/);
  });

  it('says that it cannot be kept where nothing can be written', async () => {
    await writeFile(join(dir, 'file'), '');
    await chmod(join(dir, 'file'), 0o600);
    await expect(writePendingJoin(join(dir, 'file', 'pending-join.json'), pending)).rejects.toMatchObject({
      data: { code: 'join.pending-unwritable' },
    });
  });
});
