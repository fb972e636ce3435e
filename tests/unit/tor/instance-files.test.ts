import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { run } from '@rustbalance/crypto-worker/pool.js';
import type { ActorContext } from '@rustbalance/actors/kernel/actor.js';
import { makeLogger, type LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { prepareInstance, type Instance } from '@rustbalance/actors/tor/instance-files.js';
import { mutated } from '../../support/mutations.js';

const MASTER = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid' as OnionAddress;
const crypto = (async (task: string, input: unknown) =>
  run({ task, input } as Parameters<typeof run>[0])) as ActorContext<'tor'>['crypto'];

let folder = '';
let logs: LogRecord[] = [];
const directory = (): string => join(folder, 'instance');
const file = (name: string): string => join(directory(), name);
const prepare = (masterAddress: OnionAddress = MASTER): Promise<Instance> =>
  prepareInstance({
    directory: directory(),
    masterAddress,
    crypto,
    random: systemRandom,
    log: makeLogger(
      'tor',
      () => 0,
      (record) => logs.push(record),
    ),
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-instance-'));
  logs = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the files of this node's instance", () => {
  it('are made at the first start, private to Tor', async () => {
    const { address } = await prepare();
    expect((await stat(directory())).mode & 0o7777).toBe(0o700);
    const names = (await readdir(directory())).sort();
    expect(names).toEqual(['hostname', 'hs_ed25519_public_key', 'hs_ed25519_secret_key', 'ob_config']);
    for (const name of names) expect((await stat(file(name))).mode & 0o7777).toBe(0o600);
    expect(await readFile(file('hostname'), 'utf8')).toBe(`${address}.onion\n`);
    expect((await readFile(file('hs_ed25519_secret_key'))).length).toBe(96);
    expect((await readFile(file('hs_ed25519_public_key'))).length).toBe(64);
  });

  it('lose a copy of the key that a crash left beside them', async () => {
    await prepare();
    await writeFile(file('.hs_ed25519_secret_key.0123456789ab.tmp'), 'a copy');
    await prepare();
    expect(await readdir(directory())).not.toContain('.hs_ed25519_secret_key.0123456789ab.tmp');
  });

  it('name the master address, so that the service is an instance from the first load', async () => {
    await prepare();
    expect(await readFile(file('ob_config'), 'utf8')).toBe(`MasterOnionAddress ${MASTER}.onion\n`);
  });

  it('are the same at the next start', async () => {
    const first = await prepare();
    const before = await stat(file('hs_ed25519_secret_key'));
    const second = await prepare();
    expect(second.address).toBe(first.address);
    expect(second.mark).toBe(first.mark);
    expect((await stat(file('hs_ed25519_secret_key'))).mtimeMs).toBe(before.mtimeMs);
    expect(logs).toHaveLength(1);
  });

  it.each(['hostname', 'hs_ed25519_public_key', 'ob_config'])(
    'are restored when %s is missing',
    async (name) => {
      await prepare();
      const before = await readFile(file(name));
      await rm(file(name));
      await prepare();
      expect(await readFile(file(name))).toEqual(before);
      expect(logs.at(-1)?.level).toBe('warn');
    },
  );

  it.each([
    ['hostname', 'x'],
    ['hs_ed25519_public_key', 'garbage'],
    ['ob_config', ''],
  ])('are restored when %s is damaged', async (name, damage) => {
    await prepare();
    const before = await readFile(file(name));
    await writeFile(file(name), damage);
    await prepare();
    expect(await readFile(file(name))).toEqual(before);
  });

  it('name another master address when that was changed, and are marked differently', async () => {
    const first = await prepare();
    const other = `${'b'.repeat(55)}d` as OnionAddress;
    const second = await prepare(other);
    expect(await readFile(file('ob_config'), 'utf8')).toContain(other);
    expect(second.mark).not.toBe(first.mark);
    expect(second.address).toBe(first.address);
  });

  it.each([0, 32, 64, 95, 97])(
    'are refused when the secret key has %d bytes, and it is not overwritten',
    async (size) => {
      await prepare();
      await writeFile(file('hs_ed25519_secret_key'), new Uint8Array(size));
      await expect(prepare()).rejects.toMatchObject({ code: 'tor.instance-key-damaged' });
      expect((await readFile(file('hs_ed25519_secret_key'))).length).toBe(size);
    },
  );

  it('are refused when the secret key has another header', async () => {
    await prepare();
    await writeFile(file('hs_ed25519_secret_key'), new Uint8Array(96).fill(7));
    await expect(prepare()).rejects.toMatchObject({ code: 'tor.instance-key-damaged' });
  });

  it('whatever damage the secret key has: it is refused as it is, or all other files follow from it', async () => {
    const first = await prepare();
    const good = await readFile(file('hs_ed25519_secret_key'));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mutated([good]), async (damaged) => {
        await writeFile(file('hs_ed25519_secret_key'), damaged);
        const outcome = await prepare().catch((error: unknown) => error);
        expect(await readFile(file('hs_ed25519_secret_key'))).toEqual(damaged);
        if (outcome instanceof Error) {
          refused++;
          expect(outcome).toMatchObject({ code: 'tor.instance-key-damaged' });
          return;
        }
        const { address, publicKey } = outcome as Instance;
        expect(await readFile(file('hostname'), 'utf8')).toBe(`${address}.onion\n`);
        expect((await readFile(file('hs_ed25519_public_key'))).subarray(32)).toEqual(Buffer.from(publicKey));
        expect(await readFile(file('ob_config'), 'utf8')).toContain(MASTER);
      }),
      { numRuns: 30 },
    );
    expect(refused).toBeGreaterThan(3);
    await writeFile(file('hs_ed25519_secret_key'), good);
    expect((await prepare()).address).toBe(first.address);
  });

  it('whatever damage the others have: they are what they were', async () => {
    await prepare();
    const names = ['hostname', 'hs_ed25519_public_key', 'ob_config'];
    const before = await Promise.all(names.map((name) => readFile(file(name))));
    await fc.assert(
      fc.asyncProperty(fc.tuple(...before.map((bytes) => mutated([bytes]))), async (damaged) => {
        await Promise.all(names.map((name, at) => writeFile(file(name), damaged[at] ?? '')));
        await prepare();
        expect(await Promise.all(names.map((name) => readFile(file(name))))).toEqual(before);
      }),
      { numRuns: 20 },
    );
  });

  it('are refused when they hold the key of the master address itself', async () => {
    const { address } = await prepare();
    await expect(prepare(address)).rejects.toMatchObject({ code: 'tor.instance-is-master' });
  });

  it('are refused without the directory above', async () => {
    await rm(folder, { recursive: true });
    await expect(prepare()).rejects.toMatchObject({ code: 'tor.directory-unusable' });
    await mkdir(folder);
  });

  it('are refused in a directory that others may enter', async () => {
    await mkdir(directory());
    await chmod(directory(), 0o755);
    await expect(prepare()).rejects.toMatchObject({ code: 'tor.directory-unusable' });
  });

  it('show no secret in any log line', async () => {
    const instance = await prepare();
    const secret = Buffer.from(instance.secret.reveal()).toString('hex');
    expect(JSON.stringify([logs, instance.secret])).not.toContain(secret.slice(0, 16));
    expect(JSON.stringify(logs)).not.toContain(instance.address);
  });
});
