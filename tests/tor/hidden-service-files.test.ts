/** Keys on disk, ours given to Tor and Tor's given to us. Tor never goes on line here. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { eventually } from '../support/eventually.js';
import { torProcess, type TorProcess } from '../support/tor-network/tor-process.js';
import { findTorPrograms } from '../support/tor-network/tor-programs.js';
import { identityNamed, valueOf } from '../unit/crypto-worker/given.js';

const NAMES = ['hs_ed25519_secret_key', 'hs_ed25519_public_key', 'hostname'] as const;
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
  const services = ['ours', 'secret-only', 'made-by-tor'].flatMap((service) => [
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

describe('a key that Tor made', () => {
  it('is imported, leads to the address that Tor wrote, and is written again the same', async () => {
    const imported = valueOf(importIdentity(await read('made-by-tor', 'hs_ed25519_secret_key')));
    expect(imported.format).toBe('tor-file');
    const files = hiddenServiceFiles(imported.secret);
    for (const name of NAMES) expect(files[name]).toEqual(await read('made-by-tor', name));
  });
});
