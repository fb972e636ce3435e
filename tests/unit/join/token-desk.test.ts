import { beforeEach, describe, expect, it } from 'vitest';
import type { Ed25519Seed, ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { PassphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { clusterSecret, joinKeyGrant } from '@rustbalance/actors/kernel/cluster-keys.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { commandTokens } from '@rustbalance/actors/election/join/token-desk.js';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { TokenCommand } from '@rustbalance/actors/election/messages.js';
import { admission } from '@rustbalance/actors/election/records/issuing.js';
import { EMPTY_SET, withRecords } from '@rustbalance/actors/election/records/record-set.js';
import type { RecordSet } from '@rustbalance/actors/election/records/record-set.js';
import { recordSigner } from '@rustbalance/actors/election/records/signing.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { MASTER_ADDRESS, exampleSeed } from '../../support/simulation/cluster-config.js';

const TOKEN_TEXT = 'a token for tests';
const NOW_SECS = 1_700_000_000;
const secret = clusterSecret(new TextEncoder().encode(TOKEN_TEXT), MASTER_ADDRESS);
const MASTER_KEY = new Uint8Array(64).fill(2) as ExpandedSecretKey;
const signerOf = (index: number) => recordSigner(secret.tag, exampleSeed(index) as Ed25519Seed);

type Create = Extract<TokenCommand, { action: 'create' }>;

let records: RecordSet;

beforeEach(() => {
  records = EMPTY_SET;
  for (const [index, id, hasMasterKey] of [
    [1, 'alpha', true],
    [2, 'beta', false],
    [3, 'gamma', true],
  ] as const) {
    const { publicKey } = signerOf(index).key;
    const fields = { publicKey, id: id as NodeId, priority: index, hasMasterKey, coordination: null };
    const signed = admission(signerOf(index), records, {
      ...fields,
      wireguard: null,
      direct: `192.0.2.${String(index)}:7001`,
    })!;
    records = withRecords(records, [signed]);
  }
});

const create = (
  index: number,
  masterKey: ExpandedSecretKey | null,
  command: Partial<Create> = {},
): JoinToken => {
  const { created } = commandTokens(
    {
      clock: new SimulatedClock(NOW_SECS * 1000),
      random: systemRandom,
      secret,
      signer: signerOf(index),
      mode: 'direct',
      clusterToken: TOKEN_TEXT,
      viaMaster: null,
      masterKey,
      records: () => records,
      learn: (signed) => {
        records = withRecords(records, signed);
      },
      isLive: () => true,
    },
    { action: 'create', lifetimeSecs: 3600, uses: 1, bringsKey: true, seal: null, ...command },
  );
  const reading = readTokenText(created ?? '', NOW_SECS);
  if (!reading.ok) throw new Error(reading.error.code);
  return reading.token;
};

const names = ({ others }: JoinToken): readonly string[] => others.map(({ nodeId }) => nodeId).sort();

describe('a token', () => {
  it('made by a node with the master key brings that key, by members that have it', () => {
    const token = create(1, MASTER_KEY);
    expect(token.keyGrant).toEqual(joinKeyGrant(MASTER_KEY, secret.tag, token.id, NOW_SECS + 3600));
    expect(names(token)).toEqual(['gamma']);
  });

  it('made by a node without the master key brings none', () => {
    const token = create(2, null);
    expect(token.keyGrant).toBeUndefined();
    expect(names(token)).toEqual(['alpha', 'gamma']);
  });

  it('made to bring none brings none', () => {
    const token = create(1, MASTER_KEY, { bringsKey: false });
    expect(token.keyGrant).toBeUndefined();
    expect(names(token)).toEqual(['beta', 'gamma']);
  });

  it('with the master key sealed in it brings it to nobody without the passphrase', () => {
    const seal = { key: new Uint8Array(32) as PassphraseKey, salt: new Uint8Array(16) };
    const token = create(1, MASTER_KEY, { seal });
    expect(token.sealed).toBeDefined();
    expect(token.keyGrant).toBeUndefined();
    // Its node has the key already, and whoever takes it in need not.
    expect(names(token)).toEqual(['beta', 'gamma']);
  });
});
