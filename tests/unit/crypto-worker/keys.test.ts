import fc from 'fast-check';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import type { Ed25519Seed, ExpandedSecretKey, IdentityPublicKey } from '@rustbalance/crypto-worker/brands.js';
import { expandSeed, publicKeyOf, signExpanded } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { openSigner, openVerifier } from '@rustbalance/crypto-worker/ed25519/native.js';
import { parsePrimeOrderPoint } from '@rustbalance/crypto-worker/ed25519/point.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import {
  decodeOnionAddress,
  encodeOnionAddress,
  normalizeOnionAddress,
} from '@rustbalance/crypto-worker/keys/onion-address.js';
import { parseOnionAddress } from '@rustbalance/crypto-worker/keys/parse-onion-address.js';
import { C_TOR_ED25519 } from '@rustbalance/tests/vectors/c-tor-ed25519.js';
import { C_TOR_ADDRESS, C_TOR_BAD_CHECKSUMS } from '@rustbalance/tests/vectors/c-tor-onion-service.js';
import { SPEC_ADDRESSES } from '@rustbalance/tests/vectors/rend-spec-v3.js';
import { bytesOf, codeOf, damage, damages, hex, identityNamed, seeds, toHex, valueOf } from './given.js';

const asSeed = (bytes: Uint8Array): Ed25519Seed => bytes as Ed25519Seed;

describe('an expanded secret key', () => {
  it.each(C_TOR_ED25519)(
    'expands from the seed, gives the public key and signs as in C Tor ($publicKey)',
    (vector) => {
      const secret = expandSeed(asSeed(hex(vector.seed)));
      expect(toHex(secret)).toBe(vector.expanded);
      const publicKey = publicKeyOf(secret);
      expect(toHex(publicKey)).toBe(vector.publicKey);
      expect(toHex(signExpanded(publicKey, secret, publicKey))).toBe(vector.selfSignature);
    },
  );

  it('signs what noble and node:crypto sign with the seed, and both verify it', () => {
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 300 }), (seed, message) => {
        const secret = expandSeed(asSeed(seed));
        const publicKey = publicKeyOf(secret);
        const signature = signExpanded(message, secret, publicKey);
        const signer = openSigner(asSeed(seed));
        expect(signature).toEqual(ed25519.sign(message, seed));
        expect(signature).toEqual(signer.sign(message));
        expect(publicKey).toEqual(signer.publicKey);
        expect(openVerifier(publicKey)(message, signature)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a verifier', () => {
  it('refuses a signature or message with any damage, and never throws', () => {
    const message = bytesOf('message');
    const signer = openSigner(asSeed(bytesOf('seed')));
    const signature = signer.sign(message);
    const verify = openVerifier(signer.publicKey);
    fc.assert(
      fc.property(damages, (how) => {
        const broken = damage(signature, how);
        expect(verify(message, broken)).toBe(Buffer.compare(broken, signature) === 0);
      }),
    );
  });

  it('of 32 bytes that are no key verifies nothing', () => {
    fc.assert(
      fc.property(seeds, fc.uint8Array({ minLength: 64, maxLength: 64 }), (key, signature) => {
        expect(openVerifier(key)(bytesOf('x'), signature)).toBe(false);
      }),
    );
  });
});

describe('an onion address', () => {
  it('is made of the key as C Tor makes it', () => {
    expect(encodeOnionAddress(hex(C_TOR_ADDRESS.publicKey) as IdentityPublicKey)).toBe(C_TOR_ADDRESS.address);
    expect(toHex(valueOf(parseOnionAddress(C_TOR_ADDRESS.address)))).toBe(C_TOR_ADDRESS.publicKey);
  });

  it.each(SPEC_ADDRESSES)('of the specification is accepted and written the same: %s', (address) => {
    expect(encodeOnionAddress(valueOf(parseOnionAddress(address)))).toBe(address);
  });

  it('goes to a key and back for every key', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { address, publicKey } = generateIdentity(seed);
        expect(valueOf(parseOnionAddress(address))).toEqual(publicKey);
      }),
      { numRuns: 10 },
    );
  });

  it.each(C_TOR_BAD_CHECKSUMS)('with a wrong checksum is refused: %s', (address) => {
    expect(codeOf(parseOnionAddress(address))).toBe('address.bad-checksum');
  });

  it.each([
    ['too short', 'blah', 'address.bad-length'],
    ['with a character too many', `${C_TOR_ADDRESS.address}b`, 'address.bad-length'],
    ['with .onion', `${C_TOR_ADDRESS.address}.onion`, 'address.bad-length'],
    ['of foreign characters', '?'.repeat(56), 'address.bad-base32'],
    ['in upper case', C_TOR_ADDRESS.address.toUpperCase(), 'address.bad-base32'],
    ['of another version', `${C_TOR_ADDRESS.address.slice(0, 55)}c`, 'address.bad-version'],
  ])('%s is refused', (_, address, code) => {
    expect(codeOf(parseOnionAddress(address))).toBe(code);
  });

  it('with one character changed is always refused', () => {
    const { address } = identityNamed('typo');
    fc.assert(
      fc.property(fc.nat(55), fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'), (at, character) => {
        const typed = address.slice(0, at) + character + address.slice(at + 1);
        fc.pre(typed !== address);
        const decoded = decodeOnionAddress(typed);
        // A checksum of 16 bits lets one typo in 65536 pass; then it must at least be another key.
        expect(decoded.ok && toHex(decoded.value)).not.toBe(toHex(identityNamed('typo').publicKey));
      }),
    );
  });

  it('as people type it is brought into its canonical form', () => {
    expect(normalizeOnionAddress(` ${C_TOR_ADDRESS.address.toUpperCase()}.ONION\n`)).toBe(
      C_TOR_ADDRESS.address,
    );
  });
});

describe('a public key from outside', () => {
  const torsion = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

  it('of small order is refused', () => {
    for (let multiple = 1; multiple <= 8; multiple++) {
      const point = multiple === 8 ? ed25519.Point.ZERO : torsion.multiplyUnsafe(BigInt(multiple));
      expect(codeOf(parsePrimeOrderPoint(point.toBytes()))).toBe('key.low-order-point');
    }
  });

  it('with a torsion component is refused, although its address has a right checksum', () => {
    const mixed = ed25519.Point.fromBytes(identityNamed('torsion').publicKey).add(torsion).toBytes();
    const address = encodeOnionAddress(mixed as IdentityPublicKey);
    expect(codeOf(parseOnionAddress(address))).toBe('key.low-order-point');
  });

  it('whose encoding is not canonical is refused', () => {
    const p = 2n ** 255n - 19n;
    const encode = (y: bigint): Uint8Array => hex(y.toString(16).padStart(64, '0')).reverse();
    for (let y = p; y < p + 19n; y++) expect(codeOf(parsePrimeOrderPoint(encode(y)))).toBe('key.bad-point');
    expect(codeOf(parsePrimeOrderPoint(encode(1n + 2n ** 255n)))).toBe('key.bad-point');
  });

  it('that is no point, or of another length, is refused', () => {
    expect(codeOf(parsePrimeOrderPoint(hex('02'.padEnd(64, '0'))))).toBe('key.bad-point');
    expect(codeOf(parsePrimeOrderPoint(new Uint8Array(31)))).toBe('key.bad-point');
  });
});

describe('importing a secret key', () => {
  const identity = identityNamed('import');
  const files = hiddenServiceFiles(identity.secret);

  it('takes the three formats and finds the same identity', () => {
    for (const [bytes, format] of [
      [files.hs_ed25519_secret_key, 'tor-file'],
      [identity.secret, 'expanded'],
      [bytesOf('import'), 'seed'],
    ] as const) {
      expect(valueOf(importIdentity(bytes))).toEqual({ ...identity, format });
    }
  });

  it.each([
    ['an empty file', new Uint8Array(), 'key.unknown-format'],
    ['95 bytes', files.hs_ed25519_secret_key.slice(0, 95), 'key.unknown-format'],
    ['97 bytes', new Uint8Array([...files.hs_ed25519_secret_key, 10]), 'key.unknown-format'],
    ['a foreign header', new Uint8Array(96).fill(65), 'key.bad-header'],
    ["Tor's public key file", files.hs_ed25519_public_key, 'key.bad-header'],
    ['an unclamped scalar', new Uint8Array(64).fill(1), 'key.not-clamped'],
    ['zeros for an expanded key', new Uint8Array(64), 'key.not-clamped'],
    ['zeros for a seed', new Uint8Array(32), 'key.unknown-format'],
    [
      'a seed in hexadecimal, which may look clamped',
      new TextEncoder().encode(`8${'0'.repeat(30)}a${'0'.repeat(32)}`),
      'key.unknown-format',
    ],
    ['a text of 32 bytes', new TextEncoder().encode(`${'a'.repeat(31)}\n`), 'key.unknown-format'],
    [
      "libsodium's seed with public key",
      new Uint8Array([...bytesOf('import'), ...identity.publicKey]),
      'key.unknown-format',
    ],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(importIdentity(bytes))).toBe(code);
  });

  it('never throws and never names key material, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(...[32, 64, 96].map((n) => fc.uint8Array({ minLength: n, maxLength: n })), fc.uint8Array()),
        (bytes) => {
          const result = importIdentity(bytes);
          if (!result.ok) expect(result.detail).not.toMatch(/[0-9a-f]{16}/i);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the files of a HiddenServiceDir', () => {
  it("have Tor's sizes, headers and names", () => {
    const { secret, publicKey, address } = identityNamed('files');
    const files = hiddenServiceFiles(secret);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
    expect(text(files.hs_ed25519_secret_key.subarray(0, 32))).toBe('== ed25519v1-secret: type0 ==\0\0\0');
    expect(files.hs_ed25519_secret_key.subarray(32)).toEqual(secret);
    expect(text(files.hs_ed25519_public_key.subarray(0, 32))).toBe('== ed25519v1-public: type0 ==\0\0\0');
    expect(files.hs_ed25519_public_key.subarray(32)).toEqual(publicKey);
    expect(text(files.hostname)).toBe(`${address}.onion\n`);
  });

  it('refuse a key of the wrong size as a programming error', () => {
    expect(() => hiddenServiceFiles(new Uint8Array(63) as ExpandedSecretKey)).toThrow(TypeError);
  });
});
