import fc from 'fast-check';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import type { Curve25519PublicKey, Ed25519Seed, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import {
  CERTIFICATE_TYPES,
  type CertificateContent,
  decodeCertificate,
  encodeCertificate,
} from '@rustbalance/crypto-worker/certificate/certificate.js';
import { curve25519AsEd25519 } from '@rustbalance/crypto-worker/certificate/curve25519-as-ed25519.js';
import { verifyCertificate } from '@rustbalance/crypto-worker/certificate/verify.js';
import { openSigner, openVerifier } from '@rustbalance/crypto-worker/ed25519/native.js';
import { C_TOR_ED25519 } from '@rustbalance/tests/vectors/c-tor-ed25519.js';
import { NOW, bytesOf, codeOf, damage, damages, hex, seeds, toHex, valueOf } from './given.js';

const signer = openSigner(bytesOf('signer') as Ed25519Seed);
const signedWith = { key: signer.publicKey, verify: openVerifier(signer.publicKey) };
const content = (over: Partial<CertificateContent> = {}): CertificateContent => ({
  type: CERTIFICATE_TYPES.introAuthKey,
  expires: 3_600_000 as UnixSeconds,
  certifiedKey: bytesOf('certified'),
  signingKey: signer.publicKey,
  ...over,
});
const certificate = (over: Partial<CertificateContent> = {}): Uint8Array =>
  encodeCertificate(content(over), signer.sign);
const expectation = { type: CERTIFICATE_TYPES.introAuthKey, signedWith, now: null } as const;

/** A certificate with other extensions, signed rightly. */
const withExtensions = (count: number, ...extensions: Uint8Array[]): Uint8Array => {
  const header = certificate().slice(0, 39);
  const signedPart = new Uint8Array(Buffer.concat([header, Uint8Array.of(count), ...extensions]));
  return new Uint8Array(Buffer.concat([signedPart, signer.sign(signedPart)]));
};
const extension = (type: number, flags: number, data: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([Uint8Array.of(data.length >> 8, data.length & 255, type, flags), data]));
const signingKeyExtension = extension(4, 0, signer.publicKey);

describe('a certificate', () => {
  it.each(Object.values(CERTIFICATE_TYPES))('of type %i is 140 bytes and comes back as it was', (type) => {
    const encoded = certificate({ type });
    expect(encoded).toHaveLength(140);
    expect(valueOf(verifyCertificate(encoded, { ...expectation, type }))).toMatchObject(content({ type }));
  });

  it('has its fields where cert-spec puts them', () => {
    const encoded = certificate();
    expect([...encoded.slice(0, 7)]).toEqual([1, 9, 0, 0, 3, 0xe8, 1]);
    expect(encoded.slice(7, 39)).toEqual(bytesOf('certified'));
    expect([...encoded.slice(39, 44)]).toEqual([1, 0, 32, 4, 0]);
    expect(encoded.slice(44, 76)).toEqual(signer.publicKey);
    expect(ed25519.verify(encoded.slice(76), encoded.slice(0, 76), signer.publicKey)).toBe(true);
  });

  it('expires on the hour, rounded up as in C Tor', () => {
    // 2002-01-03 23:36:50 plus two hours becomes 02:00 (test_cert_encoding of C Tor).
    const expires = (1_010_101_010 + 7200) as UnixSeconds;
    expect(valueOf(decodeCertificate(certificate({ expires }))).expires).toBe(Date.UTC(2002, 0, 4, 2) / 1000);
  });

  it('is good until its expiry and refused one second later', () => {
    const encoded = certificate({ expires: (NOW - (NOW % 3600)) as UnixSeconds });
    const { expires } = valueOf(decodeCertificate(encoded));
    expect(verifyCertificate(encoded, { ...expectation, now: expires }).ok).toBe(true);
    expect(codeOf(verifyCertificate(encoded, { ...expectation, now: (expires + 1) as UnixSeconds }))).toBe(
      'certificate.expired',
    );
  });

  it('of another type, or signed with another key, is refused', () => {
    const other = openSigner(bytesOf('other') as Ed25519Seed);
    expect(codeOf(verifyCertificate(certificate({ type: 11 }), expectation))).toBe('certificate.wrong-type');
    expect(
      codeOf(
        verifyCertificate(
          encodeCertificate(content({ signingKey: other.publicKey }), other.sign),
          expectation,
        ),
      ),
    ).toBe('certificate.wrong-signing-key');
    expect(codeOf(verifyCertificate(encodeCertificate(content(), other.sign), expectation))).toBe(
      'certificate.bad-signature',
    );
  });

  it('without its signing key is refused', () => {
    expect(codeOf(verifyCertificate(withExtensions(0), expectation))).toBe('certificate.no-signing-key');
  });

  it('with an unknown extension is accepted, unless the extension decides about validity', () => {
    const harmless = withExtensions(2, extension(77, 0, bytesOf('x')), signingKeyExtension);
    const decisive = withExtensions(2, extension(77, 1, bytesOf('x')), signingKeyExtension);
    expect(verifyCertificate(harmless, expectation).ok).toBe(true);
    expect(codeOf(verifyCertificate(decisive, expectation))).toBe('certificate.malformed');
  });

  it.each([
    ['two signing keys', withExtensions(2, signingKeyExtension, signingKeyExtension)],
    ['a signing key of 31 bytes', withExtensions(1, extension(4, 0, signer.publicKey.slice(1)))],
    ['fewer extensions than it says', withExtensions(2, signingKeyExtension)],
    ['bytes before the signature', withExtensions(1, signingKeyExtension, Uint8Array.of(0))],
    ['nothing in it', new Uint8Array()],
    ['too many bytes', new Uint8Array(2000).fill(1)],
    ['another version', Uint8Array.of(2, ...certificate().slice(1))],
  ])('with %s is refused', (_, bytes) => {
    expect(codeOf(decodeCertificate(bytes))).toBe('certificate.malformed');
  });

  it('with any damage is refused with a code and never throws', () => {
    const good = certificate();
    fc.assert(
      fc.property(damages, damages, (one, two) => {
        const broken = damage(damage(good, one), two);
        fc.pre(Buffer.compare(broken, good) !== 0);
        expect(codeOf(verifyCertificate(broken, expectation))).toMatch(/^certificate\./);
      }),
    );
  });
});

describe('a Curve25519 key as an Ed25519 key', () => {
  it('is that of C Tor, with the sign bit 0', () => {
    const keys = C_TOR_ED25519.map((vector) => hex(vector.curve25519) as Curve25519PublicKey);
    const expected = C_TOR_ED25519.map((vector) => {
      const key = hex(vector.publicKey);
      key[31] = (key[31] ?? 0) & 0x7f;
      return toHex(key);
    });
    expect(curve25519AsEd25519(keys).map(toHex)).toEqual(expected);
  });

  it('goes back to the same Curve25519 key', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const montgomery = ed25519.utils.toMontgomery(ed25519.getPublicKey(seed));
        const [edwards] = curve25519AsEd25519([montgomery as Curve25519PublicKey]);
        expect(ed25519.utils.toMontgomery(edwards!)).toEqual(montgomery);
      }),
      { numRuns: 20 },
    );
  });

  it('exists for every 32 bytes, u = −1 and none at all included', () => {
    const minusOne = hex(
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ) as Curve25519PublicKey;
    expect(toHex(curve25519AsEd25519([minusOne])[0]!)).toBe('00'.repeat(32));
    expect(curve25519AsEd25519([])).toEqual([]);
  });
});
