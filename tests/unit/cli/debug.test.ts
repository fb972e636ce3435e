import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  TimePeriodLength,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { publicKeyOf } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { TestWorld } from './world.js';

const identity = generateIdentity(new Uint8Array(32).fill(5));
const other = generateIdentity(new Uint8Array(32).fill(6));
const files = hiddenServiceFiles(identity.secret);
const onion = `${identity.address}.onion`;

let root = '';
const at = (name: string): string => join(root, name);
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rb-debug-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('debug show-onion', () => {
  const show = async (path: string, ...extra: readonly string[]) => {
    const world = new TestWorld();
    return { code: await world.run('debug', 'show-onion', path, ...extra), world };
  };

  it.each([
    ["Tor's secret key file", files.hs_ed25519_secret_key, 'tor-file'],
    ["Tor's public key file", files.hs_ed25519_public_key, 'public-key'],
    ['a hostname file', files.hostname, 'address'],
    [
      'an address in capitals without .onion',
      new TextEncoder().encode(identity.address.toUpperCase()),
      'address',
    ],
    ['an expanded key', identity.secret, 'expanded'],
    ['a seed', new Uint8Array(32).fill(5), 'seed'],
  ])('reads %s', async (_what, bytes, form) => {
    const path = put('file', bytes);
    const { code, world } = await show(path, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(world.out)).toEqual({ onion_address: onion, form });
    expect((await show(path)).world.out).toBe(`${onion}\n`);
  });

  it('reads a HiddenServiceDir, and one that holds the hostname only', async () => {
    mkdirSync(at('hs'));
    put('hs/hostname', files.hostname);
    expect((await show(at('hs'))).world.out).toBe(`${onion}\n`);
    put('hs/hs_ed25519_secret_key', files.hs_ed25519_secret_key);
    expect((await show(at('hs'))).world.out).toBe(`${onion}\n`);
  });

  it.each([
    ['a directory without keys', () => mkdirSync(at('x')), 'cli.no-key-file'],
    ['a missing path', () => undefined, 'cli.file-unreadable'],
    ['a file of another kind', () => void put('x', 'hello'), 'cli.no-key-file'],
    [
      'an address with a wrong character',
      () => void put('x', `${onion.startsWith('a') ? 'b' : 'a'}${onion.slice(1)}`),
      'cli.no-key-file',
    ],
    ['an empty file', () => void put('x', ''), 'cli.no-key-file'],
    ['a file that is too large', () => void put('x', new Uint8Array(5000)), 'cli.file-unreadable'],
  ])('refuses %s', async (_what, prepare, code) => {
    prepare();
    const result = await show(at('x'), '--json');
    expect([result.code, result.world.errors.map((error) => error.code)]).toEqual([1, [code]]);
  });

  it('finds a HiddenServiceDir whose files belong to two addresses', async () => {
    mkdirSync(at('hs'));
    put('hs/hostname', `${other.address}.onion\n`);
    put('hs/hs_ed25519_secret_key', files.hs_ed25519_secret_key);
    const { code, world } = await show(at('hs'), '--json');
    expect([code, world.errors[0]?.code]).toEqual([1, 'cli.key-mismatch']);
    expect(world.err).not.toContain(onion);
  });
});

describe('debug descriptor', () => {
  const now = Date.UTC(2026, 0, 15, 13) / 1000;
  const period = Math.floor((now / 60 - 720) / 1440) as TimePeriodNumber;
  const authKey = publicKeyOf(other.secret);
  const point = {
    linkSpecifiers: [
      { type: 0, data: Uint8Array.of(127, 0, 0, 1, 0x1f, 0x90) },
      { type: 2, data: new Uint8Array(20).fill(0xab) },
      { type: 3, data: new Uint8Array(other.publicKey) },
      { type: 1, data: Uint8Array.of(0xfd, ...new Array<number>(14).fill(0), 1, 0, 80) },
    ],
    onionKey: new Uint8Array(32).fill(9) as Curve25519PublicKey,
    authKey: authKey as Uint8Array as Ed25519PublicKey,
    encKey: new Uint8Array(32).fill(9) as Curve25519PublicKey,
    expires: (now + 3600) as UnixSeconds,
  };
  const descriptorAt = (timePeriod: number): string => {
    const built = buildDescriptors({
      masterSecret: identity.secret,
      periodLength: 1440 as TimePeriodLength,
      now: now as UnixSeconds,
      create2Formats: [2],
      flowControl: '1-2 31',
      maxDescriptorSize: 50_000,
      requests: [
        { which: 'first', timePeriod: timePeriod as TimePeriodNumber, n: 1000, introductionPoints: [point] },
      ],
    });
    if (!built.ok) throw new Error(built.detail);
    return built.value[0]!.text;
  };
  const decode = async (text: string | Uint8Array, ...args: readonly string[]) => {
    const world = new TestWorld();
    world.clock = { ...world.clock, wallMs: () => now * 1000 };
    return { code: await world.run('debug', 'descriptor', put('d', text), ...args), world };
  };

  it('prints period, counter, introduction points and expiries', async () => {
    const { code, world } = await decode(descriptorAt(period), '--address', onion);
    expect([code, world.err]).toEqual([0, '']);
    expect(JSON.parse(world.out)).toMatchObject({
      time_period: period,
      revision_counter: expect.stringMatching(/^\d+$/) as unknown,
      lifetime_minutes: 180,
      create2_formats: [2],
      flow_control: '1-2 31',
      pow_params: null,
      auth_clients: 16,
      signing_key_expires: '2026-01-17T19:00:00Z',
      intro_points: [
        {
          relay: 'AB'.repeat(20),
          addresses: ['127.0.0.1:8080', '[fd00:0:0:0:0:0:0:1]:80'],
          auth_key: Buffer.from(authKey).toString('base64'),
          expires: expect.stringMatching(/^2026-01-1\d/) as unknown,
        },
      ],
    });
  });

  it('finds an old one by itself, with a key file as well as with an address', async () => {
    const key = put('key', files.hs_ed25519_secret_key);
    const { world } = await decode(descriptorAt(period - 30), '--key', key, '--json');
    expect(JSON.parse(world.out)).toMatchObject({ time_period: period - 30 });
    expect(world.out.trimEnd()).not.toContain('\n');
  });

  it('takes the time period that it is told', async () => {
    const old = descriptorAt(period - 100);
    expect((await decode(old, '--address', onion)).code).toBe(1);
    expect((await decode(old, '--address', onion, '--time-period', String(period - 100))).code).toBe(0);
  });

  it.each([
    ['of another address', () => descriptorAt(period), `${other.address}.onion`],
    ['that is cut off', () => descriptorAt(period).slice(0, 9000), onion],
    [
      'that was changed',
      () => descriptorAt(period).replace('revision-counter ', 'revision-counter 1'),
      onion,
    ],
    ['that is empty', () => '', onion],
    ['that is no text', () => new Uint8Array(3000).fill(0xfe), onion],
  ])('refuses one %s with the reason', async (_what, text, address) => {
    const { code, world } = await decode(text(), '--address', address, '--json');
    expect([code, world.errors.map((error) => error.code), world.out]).toEqual([
      1,
      ['cli.no-descriptor'],
      '',
    ]);
  });

  it('refuses an address that is none', async () => {
    const { code, world } = await decode(descriptorAt(period), '--address', 'abc.onion', '--json');
    expect([code, world.errors[0]?.where]).toEqual([1, '--address']);
  });
});
