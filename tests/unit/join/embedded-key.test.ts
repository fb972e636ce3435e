import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embedKey, openEmbedded, withoutKey } from '@rustbalance/actors/election/join/embedded-key.js';
import type { EmbeddedKey, PassphraseSeal } from '@rustbalance/actors/election/join/embedded-key.js';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import { encodeTokenText, LONGEST_EMBEDDED_TOKEN } from '@rustbalance/actors/election/join/token-text.js';
import type { JoinToken, TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import { MAX_RECORD_BYTES } from '@rustbalance/actors/election/records/record.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { ExpandedSecretKey, IdentityPublicKey } from '@rustbalance/crypto-worker/brands.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import type { PassphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';

const NOW = 1_700_000_000;
const filled = <T extends Uint8Array>(length: number, byte: number): T =>
  new Uint8Array(length).fill(byte) as T;

const longestOrigin = (byte: number): TokenOrigin => ({
  nodeId: 'n'.repeat(63) as TokenOrigin['nodeId'],
  nodeKey: filled(32, byte),
  coordination: encodeOnionAddress(filled<IdentityPublicKey>(32, byte)),
  direct: '[2001:db8:1111:2222:3333:4444:5555:6666]:65535',
  wireguard: { publicKey: filled(32, byte), endpoint: '[2001:db8:1111:2222:3333:4444:5555:6666]:65535' },
});

const token: JoinToken = {
  cluster: filled(8, 1),
  id: filled(8, 2),
  secret: filled(32, 3),
  clientAuthorization: filled(32, 4),
  notAfter: NOW + 3600,
  uses: 1,
  origin: { ...longestOrigin(5), wireguard: null, direct: null },
  others: [],
};
const seal: PassphraseSeal = { key: filled<PassphraseKey>(32, 6), salt: filled(16, 7) };
const embedded: EmbeddedKey = {
  masterKey: filled<ExpandedSecretKey>(64, 8),
  clusterToken: 'the token of the cluster',
  records: [filled(300, 9)],
};

const reread = (text: string): JoinToken => {
  const reading = readTokenText(text, NOW);
  if (!reading.ok) throw new Error(reading.error.code);
  return reading.token;
};

describe('a join token with the master key in it', () => {
  it('gives it to whoever has the key of the passphrase, and to nobody else', () => {
    const text = encodeTokenText(embedKey(token, seal, embedded, systemRandom));
    expect(openEmbedded(reread(text), seal.key)).toEqual(embedded);
    expect(openEmbedded(reread(text), filled<PassphraseKey>(32, 5))).toBeNull();
    expect(openEmbedded(token, seal.key)).toBeNull();
  });

  it('opens no more with anything else in it changed', () => {
    const sealed = embedKey(token, seal, embedded, systemRandom);
    const part = sealed.sealed!;
    const changes: readonly Partial<JoinToken>[] = [
      { notAfter: token.notAfter + 1 },
      { uses: 2 },
      { secret: filled(32, 1) },
      { clientAuthorization: filled(32, 1) },
      { cluster: filled(8, 9) },
      { origin: { ...token.origin, nodeId: 'mallory' as TokenOrigin['nodeId'] } },
      { others: [token.origin] },
      { sealed: { ...part, salt: filled(16, 1) } },
      { sealed: { ...part, nonce: filled(24, 1) } },
      { sealed: { ...part, box: part.box.map((byte, at) => (at === 70 ? byte ^ 1 : byte)) } },
    ];
    for (const change of changes) {
      const changed = reread(encodeTokenText({ ...sealed, ...change }));
      expect(openEmbedded(changed, seal.key), JSON.stringify(Object.keys(change))).toBeNull();
    }
  });

  it('is told to be damaged with any character changed or lost', () => {
    const text = encodeTokenText(embedKey(token, seal, embedded, systemRandom));
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'z', '_', '!', ''), (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        fc.pre(changed !== text);
        const reading = readTokenText(changed, NOW);
        expect(reading.ok ? 'good' : reading.error.code).toMatch(/^join\.token-(damaged|version)$/);
      }),
      { numRuns: 300 },
    );
  });

  it('shows none of its secrets to whoever reads its text, and never has the same nonce twice', () => {
    const one = embedKey(token, seal, embedded, systemRandom);
    const text = encodeTokenText(one);
    const json = Buffer.from(text.slice(4), 'base64url').toString();
    expect(json).not.toContain(embedded.clusterToken);
    expect(json).not.toContain(Buffer.from(embedded.masterKey).toString('base64url').slice(0, 20));
    expect(embedKey(token, seal, embedded, systemRandom).sealed?.nonce).not.toEqual(one.sealed?.nonce);
  });

  it('is read at its largest, and takes no more records than a token names members', () => {
    const largest: JoinToken = {
      ...token,
      origin: longestOrigin(1),
      others: [longestOrigin(2), longestOrigin(3), longestOrigin(4)],
    };
    const many = Array.from({ length: 9 }, (_, at) => filled(MAX_RECORD_BYTES, at));
    const text = encodeTokenText(
      embedKey(largest, seal, { ...embedded, clusterToken: 'x'.repeat(1024), records: many }, systemRandom),
    );
    expect(text.length).toBeLessThanOrEqual(LONGEST_EMBEDDED_TOKEN);
    expect(openEmbedded(reread(text), seal.key)?.records).toEqual(many.slice(0, 4));
  });

  it('is an ordinary token without it', () => {
    expect(withoutKey(embedKey(token, seal, embedded, systemRandom))).toEqual(token);
  });
});
