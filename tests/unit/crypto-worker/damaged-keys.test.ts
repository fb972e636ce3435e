import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publicKeyOf } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { isClamped } from '@rustbalance/crypto-worker/ed25519/scalar.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import {
  decodeOnionAddress,
  encodeOnionAddress,
  normalizeOnionAddress,
} from '@rustbalance/crypto-worker/keys/onion-address.js';
import { parseOnionAddress } from '@rustbalance/crypto-worker/keys/parse-onion-address.js';
import { mutated } from '../../support/mutations.js';
import { bytesOf, identityNamed, toHex, valueOf } from './given.js';

const identity = identityNamed('damaged');
const files = hiddenServiceFiles(identity.secret);

/** Every piece of eight bytes, in the spellings that a careless message could have. */
const spellings = (bytes: Uint8Array): string[] =>
  Array.from({ length: Math.max(0, bytes.length - 8) }, (_, at) => bytes.slice(at, at + 8)).flatMap(
    (piece) => [toHex(piece), Buffer.from(piece).toString('base64').slice(0, 10), piece.join(',')],
  );

describe('a damaged secret key file', () => {
  it('is refused without a word of it, or is a whole key in the form that its size says', () => {
    const forms = new Map([
      [96, 'tor-file'],
      [64, 'expanded'],
      [32, 'seed'],
    ]);
    let taken = 0;
    fc.assert(
      fc.property(mutated([files.hs_ed25519_secret_key, identity.secret, bytesOf('damaged')]), (bytes) => {
        const result = importIdentity(new Uint8Array(bytes));
        if (!result.ok) {
          expect(result.code).toMatch(/^key\./);
          expect(spellings(bytes).filter((spelling) => result.detail.includes(spelling))).toEqual([]);
          return;
        }
        taken++;
        const { secret, publicKey, address, format } = result.value;
        expect(format).toBe(forms.get(bytes.length));
        expect(isClamped(secret)).toBe(true);
        expect(publicKeyOf(secret)).toEqual(publicKey);
        expect(valueOf(parseOnionAddress(address))).toEqual(publicKey);
        if (format !== 'seed') expect(toHex(secret)).toBe(bytes.subarray(-64).toString('hex'));
        // What it gives is a key of its own, however the caller goes on with the bytes.
        expect(secret.buffer).not.toBe(bytes.buffer);
      }),
      { numRuns: 100 },
    );
    expect(taken).toBeGreaterThan(5);
  });

  it('whose scalar is changed never has the same address', () => {
    fc.assert(
      fc.property(fc.nat(31), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(files.hs_ed25519_secret_key);
        bytes[32 + at] = (bytes[32 + at] ?? 0) ^ change;
        const result = importIdentity(bytes);
        expect(result.ok && result.value.address).not.toBe(identity.address);
      }),
      { numRuns: 40 },
    );
  });
});

describe('any text for an onion address', () => {
  const textArb = fc.oneof(
    fc.constant(identity.address),
    // The last letter says the version; any other may be mistyped.
    fc
      .tuple(fc.nat(54), fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'))
      .map(([at, letter]) => identity.address.slice(0, at) + letter + identity.address.slice(at + 1)),
    mutated([identity.address, `${identity.address}.onion`]).map((bytes) => bytes.toString('latin1')),
    fc.uint16Array({ maxLength: 60 }).map((units) => String.fromCharCode(...units)),
    fc.uint16Array({ minLength: 56, maxLength: 56 }).map((units) => String.fromCharCode(...units)),
    fc.stringMatching(/^[a-z2-7]{54,58}$/),
    // With the checksum of any 32 bytes: what is left to refuse is the key.
    fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((key) => encodeOnionAddress(key as typeof identity.publicKey)),
  );

  it('is refused without a word of it, or is the one spelling of a key', () => {
    const codes = new Set<string>();
    fc.assert(
      fc.property(textArb, (text) => {
        const parsed = parseOnionAddress(text);
        if (parsed.ok) {
          codes.add('ok');
          expect(encodeOnionAddress(parsed.value)).toBe(text);
          return;
        }
        codes.add(parsed.code);
        expect(parsed.code).toMatch(/^(address|key)\./);
        expect(parsed.code === 'address.bad-length').toBe(text.length !== 56);
        for (let at = 0; at + 12 <= text.length; at++) {
          expect(parsed.detail.includes(text.slice(at, at + 12))).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
    expect([...codes]).toEqual(
      expect.arrayContaining([
        'ok',
        'address.bad-length',
        'address.bad-base32',
        'address.bad-version',
        'key.bad-point',
      ]),
    );
  });

  it('as people may type a good one leads to that address and no other', () => {
    const blank = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
    const typedArb = fc
      .tuple(blank, fc.array(fc.boolean(), { minLength: 62, maxLength: 62 }), fc.boolean(), blank)
      .map(([before, capitals, suffix, after]) => {
        const whole = `${identity.address}${suffix ? '.onion' : ''}`;
        const letters = [...whole].map((letter, at) =>
          capitals[at] === true ? letter.toUpperCase() : letter,
        );
        return `${before}${letters.join('')}${after}`;
      });
    fc.assert(
      fc.property(typedArb, (typed) => {
        expect(valueOf(decodeOnionAddress(normalizeOnionAddress(typed)))).toEqual(identity.publicKey);
      }),
    );
  });
});
