import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { x25519 } from '@noble/curves/ed25519.js';
import { extract, expand } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import type { Curve25519PublicKey, Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import {
  FIRST_MESSAGE_OVERHEAD,
  SECOND_MESSAGE_OVERHEAD,
  initiate,
  openAnswer,
  respond,
  writeAnswer,
} from '@rustbalance/crypto-worker/noise/ik-psk1.js';

const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const secretOf = (byte: number): Curve25519SecretKey => filled(byte) as Curve25519SecretKey;

const OWN = secretOf(1);
const THEIRS = secretOf(2);
const CALLER_EPHEMERAL = secretOf(3);
const ANSWER_EPHEMERAL = secretOf(4);
const PSK = filled(5);
const PROLOGUE = new TextEncoder().encode('a prologue');
const REQUEST = new TextEncoder().encode('the request');
const ANSWER = new TextEncoder().encode('the answer, which is longer');

const caller = {
  own: OWN,
  responder: curve25519PublicKey(THEIRS),
  psk: PSK,
  prologue: PROLOGUE,
  ephemeral: CALLER_EPHEMERAL,
};
const called = { own: THEIRS, psk: PSK, prologue: PROLOGUE };

/**
 * The same two messages written out step by step from the specification (§5, §7.5, §9, §12), over another X25519 and
 * another HKDF than the code under test uses.
 */
const byTheBook = (): { readonly first: Uint8Array; readonly second: Uint8Array } => {
  const hkdf = (ck: Uint8Array, ikm: Uint8Array, count: 2 | 3): readonly Uint8Array[] => {
    const all = expand(sha256, extract(sha256, ikm, ck), new Uint8Array(), 32 * count);
    return Array.from({ length: count }, (_, i) => all.slice(32 * i, 32 * (i + 1)));
  };
  const seal = (key: Uint8Array, ad: Uint8Array, text: Uint8Array): Uint8Array => {
    const cipher = createCipheriv('chacha20-poly1305', key, new Uint8Array(12), { authTagLength: 16 });
    cipher.setAAD(ad, { plaintextLength: text.length });
    return concat(cipher.update(text), cipher.final(), cipher.getAuthTag());
  };
  const dh = (secret: Uint8Array, publicKey: Uint8Array) => x25519.getSharedSecret(secret, publicKey);
  const pub = (secret: Uint8Array) => x25519.getPublicKey(secret);

  const h0 = sha256(new TextEncoder().encode('Noise_IKpsk1_25519_ChaChaPoly_SHA256'));
  const hPrologue = sha256(concat(h0, PROLOGUE));
  const hStart = sha256(concat(hPrologue, pub(THEIRS)));
  // -> e
  const hE = sha256(concat(hStart, pub(CALLER_EPHEMERAL)));
  const [ckE] = hkdf(h0, pub(CALLER_EPHEMERAL), 2);
  // es
  const [ckEs, kEs] = hkdf(ckE!, dh(CALLER_EPHEMERAL, pub(THEIRS)), 2);
  // s
  const sealedStatic = seal(kEs!, hE, pub(OWN));
  const hS = sha256(concat(hE, sealedStatic));
  // ss
  const [ckSs] = hkdf(ckEs!, dh(OWN, pub(THEIRS)), 2);
  // psk
  const [ckPsk, hashPsk, kPsk] = hkdf(ckSs!, PSK, 3);
  const hPsk = sha256(concat(hS, hashPsk!));
  const sealedRequest = seal(kPsk!, hPsk, REQUEST);
  const hFirst = sha256(concat(hPsk, sealedRequest));
  // <- e
  const hE2 = sha256(concat(hFirst, pub(ANSWER_EPHEMERAL)));
  const [ckE2] = hkdf(ckPsk!, pub(ANSWER_EPHEMERAL), 2);
  // ee
  const [ckEe] = hkdf(ckE2!, dh(ANSWER_EPHEMERAL, pub(CALLER_EPHEMERAL)), 2);
  // se
  const [, kSe] = hkdf(ckEe!, dh(ANSWER_EPHEMERAL, pub(OWN)), 2);
  return {
    first: concat(pub(CALLER_EPHEMERAL), sealedStatic, sealedRequest),
    second: concat(pub(ANSWER_EPHEMERAL), seal(kSe!, hE2, ANSWER)),
  };
};

describe('the handshake Noise_IKpsk1_25519_ChaChaPoly_SHA256', () => {
  it('writes the messages that the steps of the specification give', () => {
    const book = byTheBook();
    const started = initiate(caller, REQUEST)!;
    expect(Buffer.from(started.message)).toEqual(Buffer.from(book.first));
    const taken = respond(called, started.message)!;
    expect(Buffer.from(writeAnswer(taken.state, ANSWER_EPHEMERAL, ANSWER)!)).toEqual(
      Buffer.from(book.second),
    );
  });

  it('brings both payloads over, and tells whom it is with', () => {
    const started = initiate(caller, REQUEST)!;
    const taken = respond(called, started.message)!;
    expect(taken.payload).toEqual(REQUEST);
    expect(taken.initiator).toEqual(curve25519PublicKey(OWN));
    const answer = writeAnswer(taken.state, ANSWER_EPHEMERAL, ANSWER)!;
    expect(openAnswer(started.state, answer)).toEqual(ANSWER);
    expect(started.message).toHaveLength(REQUEST.length + FIRST_MESSAGE_OVERHEAD);
    expect(answer).toHaveLength(ANSWER.length + SECOND_MESSAGE_OVERHEAD);
  });

  it('comes to nothing with another preshared key, prologue or responder', () => {
    const { message } = initiate(caller, REQUEST)!;
    expect(respond({ ...called, psk: filled(6) }, message)).toBeNull();
    expect(respond({ ...called, prologue: REQUEST }, message)).toBeNull();
    expect(respond({ ...called, own: secretOf(7) }, message)).toBeNull();
  });

  it('comes to nothing with any changed or missing byte of message 1', () => {
    const { message } = initiate(caller, REQUEST)!;
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = message.slice();
        changed[at]! ^= change;
        // RFC 7748 §5: the highest bit of a key is ignored, but the hash covers it.
        expect(respond(called, changed)).toBeNull();
        expect(respond(called, message.subarray(0, at))).toBeNull();
      }),
      { numRuns: 40 },
    );
  });

  it('refuses any other answer than its own', () => {
    const taken = respond(called, initiate(caller, REQUEST)!.message)!;
    const answer = writeAnswer(taken.state, ANSWER_EPHEMERAL, ANSWER)!;
    fc.assert(
      fc.property(fc.nat(answer.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = answer.slice();
        changed[at]! ^= change;
        expect(openAnswer(initiate(caller, REQUEST)!.state, changed)).toBeNull();
      }),
      { numRuns: 20 },
    );
    const other = initiate({ ...caller, ephemeral: secretOf(8) }, REQUEST)!;
    expect(openAnswer(other.state, answer)).toBeNull();
  });

  it('goes on in another thread: what is kept between its messages survives a clone', () => {
    const started = initiate(caller, REQUEST)!;
    const taken = respond(called, started.message)!;
    const answer = writeAnswer(structuredClone(taken.state), ANSWER_EPHEMERAL, ANSWER)!;
    expect(openAnswer(structuredClone(started.state), answer)).toEqual(ANSWER);
  });

  it('refuses keys of small order, which would make the agreement known to everybody', () => {
    const zero = new Uint8Array(32) as Curve25519PublicKey;
    expect(initiate({ ...caller, responder: zero }, REQUEST)).toBeNull();
    expect(respond(called, new Uint8Array(FIRST_MESSAGE_OVERHEAD))).toBeNull();
  });

  it('seals each message 1 with keys of its own, so that nothing can be read without both secrets', () => {
    const { message } = initiate(caller, REQUEST)!;
    const other = initiate({ ...caller, ephemeral: secretOf(8) }, REQUEST)!;
    expect(Buffer.from(message.subarray(80))).not.toEqual(Buffer.from(other.message.subarray(80)));
    const opened = (): Buffer => {
      const decipher = createDecipheriv('chacha20-poly1305', PSK, new Uint8Array(12), { authTagLength: 16 });
      decipher.setAuthTag(message.subarray(-16));
      return Buffer.concat([decipher.update(message.subarray(80, -16)), decipher.final()]);
    };
    expect(opened).toThrow();
  });
});
