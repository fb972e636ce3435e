/** Keys on disk, ours given to Tor and Tor's given to us. Tor never goes on line here. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import { parseVanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import { foundIdentity, startVanityWalk } from '@rustbalance/crypto-worker/vanity/walk.js';
import { eventually } from '../support/eventually.js';
import { torProcess, type TorProcess } from '../support/tor-network/tor-process.js';
import { findTorPrograms } from '../support/tor-network/tor-programs.js';
import { identityNamed, valueOf } from '../unit/crypto-worker/given.js';

/** A key that was found by walking, which no seed leads to. */
const vanityIdentity = (text: string): IdentityKeys => {
  const prefix = parseVanityPrefix(text);
  if ('kind' in prefix) throw new Error(prefix.kind);
  const walk = startVanityWalk(new Uint8Array(randomBytes(32)) as Ed25519Seed, prefix);
  for (;;) {
    const scalar = walk.step();
    const identity = scalar && foundIdentity(scalar, new Uint8Array(randomBytes(32)), prefix);
    if (identity) return identity;
  }
};

const NAMES = ['hs_ed25519_secret_key', 'hs_ed25519_public_key', 'hostname'] as const;
const VANITY = vanityIdentity('rb');
const OURS = hiddenServiceFiles(identityNamed('given to Tor').secret);

let directory = '';
let tor: TorProcess;
const read = async (service: string, name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(join(directory, service, name)));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rb-keys-'));
  await mkdir(join(directory, 'ours'), { mode: 0o700 });
  for (const name of NAMES) await writeFile(join(directory, 'ours', name), OURS[name], { mode: 0o600 });
  // Only the secret key: Tor writes what follows from it.
  await mkdir(join(directory, 'secret-only'), { mode: 0o700 });
  await writeFile(join(directory, 'secret-only', NAMES[0]), OURS[NAMES[0]], { mode: 0o600 });
  await mkdir(join(directory, 'vanity'), { mode: 0o700 });
  const found = hiddenServiceFiles(VANITY.secret)[NAMES[0]];
  await writeFile(join(directory, 'vanity', NAMES[0]), found, { mode: 0o600 });
  const services = ['ours', 'secret-only', 'vanity', 'made-by-tor'].flatMap((service) => [
    `HiddenServiceDir ${join(directory, service)}`,
    'HiddenServicePort 80 127.0.0.1:9',
  ]);
  tor = torProcess({
    name: 'offline',
    dataDir: join(directory, 'data'),
    torrc: ['DisableNetwork 1', 'SocksPort 0', ...services],
    program: (await findTorPrograms()).tor,
  });
  await tor.start();
  await eventually('Tor has made a key', () => read('made-by-tor', 'hostname'), { timeoutMs: 20_000 });
});

afterAll(async () => {
  await tor.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('Tor', () => {
  it('takes a HiddenServiceDir of ours as it is', async () => {
    for (const name of NAMES) expect(await read('ours', name)).toEqual(OURS[name]);
  });

  it('writes from our secret key the public key and host name that we write', async () => {
    await eventually('Tor has written the host name', () => read('secret-only', 'hostname'), {
      timeoutMs: 20_000,
    });
    for (const name of NAMES) expect(await read('secret-only', name)).toEqual(OURS[name]);
  });
});

describe('a key that a vanity search found', () => {
  it('is taken by Tor, which gives it the same address', async () => {
    const hostname = await eventually('Tor has written the host name', () => read('vanity', 'hostname'), {
      timeoutMs: 20_000,
    });
    expect(Buffer.from(hostname).toString()).toBe(`${VANITY.address}.onion\n`);
    expect(VANITY.address.startsWith('rb')).toBe(true);
    const files = hiddenServiceFiles(VANITY.secret);
    for (const name of NAMES) expect(await read('vanity', name)).toEqual(files[name]);
  });
});

describe('a key that Tor made', () => {
  it('is imported, leads to the address that Tor wrote, and is written again the same', async () => {
    const imported = valueOf(importIdentity(await read('made-by-tor', 'hs_ed25519_secret_key')));
    expect(imported.format).toBe('tor-file');
    const files = hiddenServiceFiles(imported.secret);
    for (const name of NAMES) expect(files[name]).toEqual(await read('made-by-tor', name));
  });
});
