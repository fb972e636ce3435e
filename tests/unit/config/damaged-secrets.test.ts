import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64, encodeBase64NoPadding } from '@rustbalance/crypto-worker/encoding/base64.js';
import { generateIdentity, identityOf } from '@rustbalance/crypto-worker/keys/identity.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import type { ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import { loadSecrets } from '@rustbalance/actors/kernel/config/secrets-files.js';
import type { SecretsOutcome } from '@rustbalance/actors/kernel/config/secrets-files.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { encodeNodeKeyFile, generateNodeKey, parseNodeKeyFile } from '@rustbalance/actors/kernel/node-key.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';
import { DOCUMENT_MARKS, mutated } from '../../support/mutations.js';

const master = generateIdentity(new Uint8Array(32).fill(7));
const NODE_KEY = Buffer.from(encodeNodeKeyFile(generateNodeKey(seededRandom(5))));
const TOKEN = Buffer.from('tj5Wn0Zq-Kx81mV2r9QpLzT47-8Gh2\n');
const MASTER_FILES = [
  hiddenServiceFiles(master.secret).hs_ed25519_secret_key,
  master.secret,
  new Uint8Array(32).fill(7),
];

const config = configSchema.parse({
  node: { id: 'alpha', key_path: '/node.key' },
  master: { onion_address: `${master.address}.onion`, identity_key_path: '/master.key' },
  coordination: { cluster_token_file: '/token' },
});

interface Files {
  readonly '/master.key': Uint8Array;
  readonly '/node.key': Uint8Array;
  readonly '/token': Uint8Array;
}
const GOOD: Files = {
  '/master.key': MASTER_FILES[0] ?? new Uint8Array(),
  '/node.key': NODE_KEY,
  '/token': TOKEN,
};

const load = (files: Files): Promise<SecretsOutcome> =>
  loadSecrets(config, {
    uid: 1000,
    userName: 'rb',
    credentialsDirectory: null,
    readFacts: (path) => Promise.resolve({ bytes: files[path as keyof Files], mode: 0o600, uid: 1000 }),
  });

const PROBLEMS: Readonly<Record<keyof Files, RegExp>> = {
  '/master.key': /^secret\.(bad|foreign)-master-key$/,
  '/node.key': /^secret\.bad-node-key$/,
  '/token': /^secret\.bad-token$/,
};

/** The outcome of one damaged file among good ones: all secrets, or one problem at that file with nothing of it. */
const judge = async (path: keyof Files, bytes: Uint8Array) => {
  const outcome = await load({ ...GOOD, [path]: bytes });
  if (outcome.ok) return outcome.secrets;
  expect(outcome.problems.map(({ where }) => where)).toEqual([path]);
  expect(outcome.problems[0]?.code).toMatch(PROBLEMS[path]);
  const said = JSON.stringify(outcome.problems) + inspect(outcome.problems, { depth: 9 });
  const text = Buffer.from(bytes).toString('latin1');
  const hex = Buffer.from(bytes).toString('hex');
  for (let at = 0; at + 6 <= bytes.length; at++) {
    const piece = text.slice(at, at + 6);
    // The words of Tor's header are no secret, and stand in the advice too; a raw key holds no six letters in a row.
    if (path !== '/master.key' || !/^[\x20-\x7e]+$/.test(piece)) expect(said.includes(piece)).toBe(false);
    expect(said.includes(hex.slice(2 * at, 2 * at + 12))).toBe(false);
  }
  return null;
};

describe('a damaged file of secrets', () => {
  it('of the master key is refused, or is the key of the master address all the same', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(MASTER_FILES), async (bytes) => {
        const secrets = await judge('/master.key', new Uint8Array(bytes));
        if (secrets === null) return;
        const secret = Uint8Array.from(secrets.masterKey?.reveal() ?? []);
        expect(identityOf(secret as ExpandedSecretKey).address).toBe(master.address);
      }),
      { numRuns: 100 },
    );
  });

  it('of the node key is refused, or is 32 bytes in one of their two spellings', async () => {
    await fc.assert(
      fc.asyncProperty(mutated([NODE_KEY], DOCUMENT_MARKS), async (bytes) => {
        const secrets = await judge('/node.key', new Uint8Array(bytes));
        if (secrets === null) return;
        const seed = secrets.nodeKey?.reveal() ?? new Uint8Array();
        expect(seed).toHaveLength(32);
        expect([encodeBase64(seed), encodeBase64NoPadding(seed)]).toContain(bytes.toString('utf8').trim());
      }),
      { numRuns: 200 },
    );
  });

  it('of the cluster token is refused, or is one line of text as it stands there', async () => {
    await fc.assert(
      fc.asyncProperty(mutated([TOKEN], DOCUMENT_MARKS), async (bytes) => {
        const secrets = await judge('/token', new Uint8Array(bytes));
        if (secrets === null) return;
        const token = Buffer.from(secrets.clusterToken?.reveal() ?? []);
        expect(token.length).toBeGreaterThan(0);
        expect(token.every((byte) => byte >= 0x20 && byte !== 0x7f)).toBe(true);
        expect(bytes.includes(token)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('is one problem each when all are damaged, and none is left out', async () => {
    const cut = fc.nat(20);
    await fc.assert(
      fc.asyncProperty(cut, cut, fc.constantFrom('', '\n', '\0', 'a\nb'), async (short, shorter, token) => {
        const outcome = await load({
          '/master.key': GOOD['/master.key'].subarray(0, short),
          '/node.key': NODE_KEY.subarray(0, shorter),
          '/token': Buffer.from(token),
        });
        expect(outcome.ok ? [] : outcome.problems.map(({ where }) => where)).toEqual(Object.keys(GOOD));
      }),
      { numRuns: 50 },
    );
  });
});

describe('any text for a node key file', () => {
  it('gives 32 bytes or null', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String({ minLength: 40, maxLength: 48 })), (text) => {
        const seed = parseNodeKeyFile(text);
        if (seed !== null) expect(parseNodeKeyFile(encodeNodeKeyFile(seed))).toEqual(seed);
        expect(seed?.length ?? 32).toBe(32);
      }),
    );
  });
});
