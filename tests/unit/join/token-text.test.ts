import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import { encodeTokenText, LONGEST_TOKEN } from '@rustbalance/actors/election/join/token-text.js';
import type { JoinToken, TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import type { KeyGrant } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { Curve25519PublicKey, IdentityPublicKey } from '@rustbalance/crypto-worker/brands.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';

const NOW = 1_700_000_000;

const bytes = <T extends Uint8Array>(length: number): fc.Arbitrary<T> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => value as T);
const address = fc
  .tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }))
  .map(([ip, port]) => `${ip}:${String(port)}`);
const onion = bytes<IdentityPublicKey>(32).map((key) => encodeOnionAddress(key));

const anyOrigin: fc.Arbitrary<TokenOrigin> = fc.record({
  nodeId: fc
    .stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)
    .map((id) => id as TokenOrigin['nodeId']),
  nodeKey: bytes<TokenOrigin['nodeKey']>(32),
  coordination: fc.option(onion),
  direct: fc.option(address),
  wireguard: fc.option(fc.record({ publicKey: bytes<never>(32), endpoint: fc.option(address) })),
});

const anyWayByMaster = fc.record({
  address: onion,
  port: fc.integer({ min: 1, max: 65_535 }),
  key: bytes<Curve25519PublicKey>(32),
});

const anyToken: fc.Arbitrary<JoinToken> = fc
  .tuple(
    fc.record({
      cluster: bytes<JoinToken['cluster']>(8),
      id: bytes<JoinToken['id']>(8),
      secret: bytes<JoinToken['secret']>(32),
      clientAuthorization: bytes<JoinToken['clientAuthorization']>(32),
      notAfter: fc.integer({ min: NOW, max: NOW + 1e9 }),
      uses: fc.integer({ min: 1, max: 16 }),
      origin: anyOrigin,
      others: fc.array(anyOrigin, { maxLength: 3 }),
    }),
    fc.option(anyWayByMaster),
    fc.option(bytes<KeyGrant>(32)),
  )
  .map(([token, viaMaster, keyGrant]) => ({
    ...token,
    ...(viaMaster === null ? {} : { viaMaster }),
    ...(keyGrant === null ? {} : { keyGrant }),
  }));

const example = fc.sample(anyToken, { seed: 7, numRuns: 1 })[0]!;

const codeOf = (text: string, nowSecs = NOW): string => {
  const reading = readTokenText(text, nowSecs);
  return reading.ok ? 'good' : reading.error.code;
};

const reworded = (change: (json: Record<string, unknown>) => unknown): string => {
  const json = JSON.parse(Buffer.from(encodeTokenText(example).slice(4), 'base64url').toString()) as Record<
    string,
    unknown
  >;
  return `rb1:${Buffer.from(JSON.stringify(change(json))).toString('base64url')}`;
};

describe('the text of a join token', () => {
  it('says the same to whoever reads it, on one or several lines, and is short enough for a QR code', () => {
    fc.assert(
      fc.property(anyToken, (token) => {
        const text = encodeTokenText(token);
        expect(text).toMatch(/^rb1:[\w-]+$/);
        expect(text.length).toBeLessThanOrEqual(LONGEST_TOKEN);
        expect(readTokenText(text, NOW)).toEqual({ ok: true, token });
        expect(readTokenText(` ${text.slice(0, 76)}\r\n${text.slice(76)}\n`, NOW)).toEqual({
          ok: true,
          token,
        });
      }),
      { numRuns: 100 },
    );
  });

  it('fits a QR code at its longest', () => {
    const origin: TokenOrigin = {
      nodeId: 'n'.repeat(63) as TokenOrigin['nodeId'],
      nodeKey: new Uint8Array(32) as TokenOrigin['nodeKey'],
      coordination: encodeOnionAddress(new Uint8Array(32) as IdentityPublicKey),
      direct: null,
      wireguard: {
        publicKey: new Uint8Array(32) as Curve25519PublicKey,
        endpoint: '[2001:db8:1111:2222:3333:4444:5555:6666]:65535',
      },
    };
    const longest: JoinToken = {
      ...example,
      notAfter: 7_258_118_400,
      uses: 16,
      keyGrant: new Uint8Array(32) as KeyGrant,
      origin,
      others: [origin, origin, origin],
      viaMaster: {
        address: encodeOnionAddress(new Uint8Array(32) as IdentityPublicKey),
        port: 65_535,
        key: new Uint8Array(32) as Curve25519PublicKey,
      },
    };
    expect(encodeTokenText(longest).length).toBeLessThanOrEqual(LONGEST_TOKEN);
  });

  it('is told to be damaged with any character changed, lost or added', () => {
    const text = encodeTokenText(example);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'z', '_', '!', '.', ''), (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        fc.pre(changed !== text);
        expect(['join.token-damaged', 'join.token-version']).toContain(codeOf(changed));
      }),
      { numRuns: 300 },
    );
    expect(codeOf(text.slice(0, -5))).toBe('join.token-damaged');
    expect(codeOf(`${text}A`)).toBe('join.token-damaged');
    expect(codeOf('')).toBe('join.token-damaged');
    expect(codeOf('rb1:')).toBe('join.token-damaged');
    expect(codeOf('x'.repeat(1e6))).toBe('join.token-damaged');
  });

  it('is damaged where a field is missing, unknown or of another kind', () => {
    expect(codeOf(reworded((json) => ({ ...json, uses: undefined })))).toBe('join.token-damaged');
    expect(codeOf(reworded((json) => ({ ...json, more: 1 })))).toBe('join.token-damaged');
    expect(codeOf(reworded((json) => ({ ...json, uses: 17 })))).toBe('join.token-damaged');
    expect(codeOf(reworded((json) => ({ ...json, secret: 'AAAA' })))).toBe('join.token-damaged');
    expect(codeOf(reworded(() => [1, 2]))).toBe('join.token-damaged');
    expect(codeOf(reworded((json) => json))).toBe('good');
  });

  it('of a later version is told to be that', () => {
    expect(codeOf('rb2:abc')).toBe('join.token-version');
    expect(codeOf(reworded((json) => ({ ...json, version: 2 })))).toBe('join.token-version');
  });

  it('is good to the last second and expired after it', () => {
    const text = encodeTokenText({ ...example, notAfter: NOW });
    expect(codeOf(text, NOW)).toBe('good');
    expect(codeOf(text, NOW + 1)).toBe('join.token-expired');
  });

  it('never shows in what is said of it', () => {
    const text = encodeTokenText({ ...example, notAfter: NOW - 1 });
    for (const reading of [readTokenText(text, NOW), readTokenText(text.slice(0, -1), NOW)]) {
      expect(JSON.stringify(reading)).not.toContain(text.slice(10, 30));
    }
  });
});
