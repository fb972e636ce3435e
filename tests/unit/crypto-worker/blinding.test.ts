import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blindKeypair,
  blindPublicKey,
  blindSecretWith,
  blindWith,
} from '@rustbalance/crypto-worker/blinding/blinded-key.js';
import { blindingParameter } from '@rustbalance/crypto-worker/blinding/blinding-factor.js';
import { subcredentialOf } from '@rustbalance/crypto-worker/blinding/subcredential.js';
import type {
  ExpandedSecretKey,
  IdentityPublicKey,
  TimePeriodLength,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import { signExpanded } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { openVerifier } from '@rustbalance/crypto-worker/ed25519/native.js';
import { clamp } from '@rustbalance/crypto-worker/ed25519/scalar.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { C_TOR_ED25519 } from '@rustbalance/tests/vectors/c-tor-ed25519.js';
import { C_TOR_BLINDING } from '@rustbalance/tests/vectors/c-tor-onion-service.js';
import { PERIOD_LENGTH, bytesOf, hex, identityNamed, seeds, toHex } from './given.js';

const period = (number: number, length: number = PERIOD_LENGTH) => ({
  number: number as TimePeriodNumber,
  length: length as TimePeriodLength,
});

describe('blinding', () => {
  it.each(C_TOR_ED25519)('with a given parameter is that of C Tor ($blindedPublic)', (vector) => {
    const factor = clamp(hex(vector.blindingParameter));
    const secret = hex(vector.expanded) as ExpandedSecretKey;
    expect(toHex(blindSecretWith(secret, factor))).toBe(vector.blindedSecret);
    expect(toHex(blindWith(hex(vector.publicKey), factor))).toBe(vector.blindedPublic);
  });

  it('for a period is that of C Tor: parameter, both keys and subcredential', () => {
    const vector = C_TOR_BLINDING;
    const identity = hex(vector.publicKey) as IdentityPublicKey;
    const when = period(vector.timePeriod, vector.periodLength);
    expect(toHex(blindingParameter(identity, when))).toBe(vector.parameter);
    const { secret, publicKey } = blindKeypair(hex(vector.expanded) as ExpandedSecretKey, identity, when);
    expect(toHex(publicKey)).toBe(vector.blindedPublic);
    expect(toHex(secret)).toBe(vector.blindedSecret);
    expect(toHex(subcredentialOf(identity, publicKey))).toBe(vector.subcredential);
  });

  it('of the public half gives the public key of the blinded secret half, which signs', () => {
    fc.assert(
      fc.property(seeds, fc.nat(2 ** 31), fc.integer({ min: 1, max: 14_400 }), (seed, number, length) => {
        const identity = generateIdentity(seed);
        const when = period(number, length);
        const pair = blindKeypair(identity.secret, identity.publicKey, when);
        expect(blindPublicKey(identity.publicKey, when)).toEqual(pair.publicKey);
        const signature = signExpanded(seed, pair.secret, pair.publicKey);
        expect(openVerifier(pair.publicKey)(seed, signature)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('gives other keys for another period number, period length or identity', () => {
    const [a, b] = [identityNamed('a').publicKey, identityNamed('b').publicKey];
    const all = [
      blindPublicKey(a, period(1)),
      blindPublicKey(a, period(2)),
      blindPublicKey(a, period(1, 30)),
      blindPublicKey(b, period(1)),
    ];
    expect(new Set(all.map(toHex)).size).toBe(all.length);
  });
});

describe("a blinded key's nonce prefix", () => {
  const factor = clamp(bytesOf('factor'));
  const prefixOf = (secret: ExpandedSecretKey): string => toHex(blindSecretWith(secret, factor).subarray(32));

  it('differs between two keys', () => {
    expect(prefixOf(identityNamed('one').secret)).not.toBe(prefixOf(identityNamed('two').secret));
  });

  it("differs when nothing but the key's own prefix differs", () => {
    const { secret } = identityNamed('same scalar');
    const other = Uint8Array.from(secret);
    other[63] = (other[63] ?? 0) ^ 1;
    expect(prefixOf(other as ExpandedSecretKey)).not.toBe(prefixOf(secret));
  });

  it('makes the nonce of a signature secret: two keys commit to different nonces for one message', () => {
    const commitmentOf = (name: string): string => {
      const { secret, publicKey } = identityNamed(name);
      const pair = blindKeypair(secret, publicKey, period(7));
      return toHex(signExpanded(bytesOf('message'), pair.secret, pair.publicKey).subarray(0, 32));
    };
    expect(commitmentOf('one')).not.toBe(commitmentOf('two'));
  });
});
