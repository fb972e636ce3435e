/** What the tests of this folder share: hex, results, made-up keys and introduction points. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  TimePeriodLength,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { CryptoCode, Result } from '@rustbalance/crypto-worker/result.js';
import type { BuildDescriptorsInput, IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The value of a result that must be good. */
export const valueOf = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  throw new Error(`${result.code}: ${result.detail}`);
};

/** The code of a result that must be a failure. */
export const codeOf = (result: Result<unknown>): CryptoCode => {
  if (!result.ok) return result.code;
  throw new Error('it succeeded');
};

/** 32 bytes that a name fixes. */
export const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(name).digest());

export const identityNamed = (name: string): IdentityKeys => generateIdentity(bytesOf(name));

export const NOW = 1_763_690_123 as UnixSeconds;
export const PERIOD_LENGTH = 1440 as TimePeriodLength;
export const PERIOD = 20_413 as TimePeriodNumber;

/** A well-formed introduction point that a name fixes, at a relay that another name fixes. */
export const pointNamed = (name: string, relay = name): IntroductionPoint => ({
  linkSpecifiers: [
    { type: 0, data: Uint8Array.of(127, 0, 0, 1, 0x23, 0x8d) },
    { type: 2, data: bytesOf(`relay ${relay}`).slice(0, 20) },
    { type: 3, data: bytesOf(`relay id ${relay}`) },
  ],
  onionKey: x25519.getPublicKey(bytesOf(`onion ${relay}`)) as Curve25519PublicKey,
  authKey: ed25519.getPublicKey(bytesOf(`auth ${name}`)) as Ed25519PublicKey,
  encKey: x25519.getPublicKey(bytesOf(`enc ${name}`)) as Curve25519PublicKey,
  expires: (NOW + 100_000) as UnixSeconds,
});

export const pointsNamed = (name: string, count: number): IntroductionPoint[] =>
  Array.from({ length: count }, (_, at) => pointNamed(`${name} ${at}`));

/** An order for both descriptors of one identity. */
export const orderOf = (
  identity: IdentityKeys,
  points: readonly IntroductionPoint[],
): BuildDescriptorsInput => ({
  masterSecret: identity.secret,
  periodLength: PERIOD_LENGTH,
  now: NOW,
  create2Formats: [2],
  flowControl: '1-2 31',
  maxDescriptorSize: 50_000,
  requests: [
    { which: 'first', timePeriod: PERIOD, n: 100_000, introductionPoints: points },
    { which: 'second', timePeriod: (PERIOD + 1) as TimePeriodNumber, n: 13_600, introductionPoints: points },
  ],
});

/** 32-byte arrays, as seeds for keys. */
export const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** One damage to a piece of bytes: a flipped bit, a cut, bytes put in, a piece doubled. */
export const damages = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bit: fc.nat(7),
  }),
  fc.record({
    kind: fc.constant('cut' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(400),
  }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant('double' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(400),
  }),
);
export type Damage = typeof damages extends fc.Arbitrary<infer D> ? D : never;

export const damage = (bytes: Uint8Array, how: Damage): Uint8Array => {
  const at = Math.min(bytes.length - 1, Math.floor(how.at * bytes.length));
  const parts = (middle: Uint8Array, resume: number): Uint8Array =>
    new Uint8Array(Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(resume)]));
  switch (how.kind) {
    case 'flip':
      return parts(Uint8Array.of((bytes[at] ?? 0) ^ (1 << how.bit)), at + 1);
    case 'cut':
      return parts(new Uint8Array(), at + 1 + how.length);
    case 'insert':
      return parts(how.bytes, at);
    case 'double':
      return parts(bytes.slice(at, at + how.length), at);
  }
};
