import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blindKeypair } from '@rustbalance/crypto-worker/blinding/blinded-key.js';
import type { TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { decodeCertificate } from '@rustbalance/crypto-worker/certificate/certificate.js';
import { revisionCounter } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { decodeOuterLayer } from '@rustbalance/crypto-worker/descriptor/outer-layer.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type {
  BuildDescriptorsInput,
  BuiltDescriptor,
  DecodeDescriptorInput,
} from '@rustbalance/crypto-worker/task-types.js';
import {
  NOW,
  PERIOD,
  PERIOD_LENGTH,
  bytesOf,
  codeOf,
  damage,
  damages,
  identityNamed,
  orderOf,
  pointNamed,
  pointsNamed,
  toHex,
  valueOf,
} from './given.js';
import { openLayers } from './open-layers.js';

const identity = identityNamed('master');
const build = (
  points: readonly IntroductionPoint[],
  over: Partial<BuildDescriptorsInput> = {},
): BuiltDescriptor[] => [...valueOf(buildDescriptors({ ...orderOf(identity, points), ...over }))];
const orderToDecode = (text: string, over: Partial<DecodeDescriptorInput> = {}): DecodeDescriptorInput => ({
  descriptor: new TextEncoder().encode(text),
  identity: identity.publicKey,
  periodLength: PERIOD_LENGTH,
  timePeriods: [(PERIOD - 1) as TimePeriodNumber, PERIOD, (PERIOD + 1) as TimePeriodNumber],
  now: NOW,
  maxDescriptorSize: 50_000,
  ...over,
});
const withoutExpiry = (point: IntroductionPoint) => ({ ...point, expires: null });
const HOUR = 3600;
const hourOf = (time: number): number => time - (time % HOUR);

describe('a descriptor of ours', () => {
  it('is decoded to what it was built from, both of them, for every number of introduction points', () => {
    for (const count of [1, 2, 3, 8, 9, 20]) {
      const points = pointsNamed('p', count);
      const built = build(points);
      expect(built.map((each) => each.which)).toEqual(['first', 'second']);
      for (const { text, timePeriod, blindedKey, revisionCounter: counter, size } of built) {
        const decoded = valueOf(decodeDescriptor(orderToDecode(text)));
        expect(decoded).toMatchObject({
          timePeriod,
          blindedKey,
          revisionCounter: counter,
          lifetimeMinutes: 180,
          create2Formats: [2],
          flowControl: '1-2 31',
          powParams: null,
          singleOnionService: false,
          authClients: 16,
          skipped: [],
          size,
        });
        expect(decoded.introductionPoints.map(withoutExpiry)).toEqual(points.map(withoutExpiry));
      }
    }
  });

  it("has the counter that Tor's sum gives for the blinded secret key", () => {
    const [first] = build(pointsNamed('p', 3));
    const { secret } = blindKeypair(identity.secret, identity.publicKey, {
      number: PERIOD,
      length: PERIOD_LENGTH,
    });
    expect(first!.revisionCounter).toBe(valueOf(revisionCounter(secret, first!.n)));
  });

  // An HSDir sees the size: up to 8 points nothing tells a balanced service from an ordinary one with 3.
  it.each([
    [1, 'IPv4', 14_111],
    [3, 'IPv4', 14_111],
    [8, 'IPv4', 14_111],
    [9, 'IPv4', 27_651],
    [18, 'IPv4', 27_651],
    [19, 'IPv4', 41_191],
    [20, 'IPv4', 41_191],
    [8, 'IPv6', 14_111],
    [17, 'IPv6', 27_651],
    [18, 'IPv6', 41_191],
    [20, 'IPv6', 41_191],
  ])(
    "with %i introduction points at relays with %s has the size that Tor's own has, %i bytes",
    (count, ip, size) => {
      const ipv6 = { type: 1, data: new Uint8Array(18).fill(6) };
      const points = pointsNamed('p', count).map((point) => ({
        ...point,
        linkSpecifiers: ip === 'IPv6' ? [...point.linkSpecifiers, ipv6] : point.linkSpecifiers,
      }));
      const [first] = build(points);
      // The decimal length of the counter is the only part that varies.
      expect(first!.size - String(first!.revisionCounter).length + 10).toBe(size);
      expect(first!.text.length).toBe(first!.size);
    },
  );

  it('looks outside as Tor 0.4.9 writes it', () => {
    const [first] = build(pointsNamed('p', 3));
    expect(first!.text).toMatch(
      new RegExp(
        '^hs-descriptor 3\\ndescriptor-lifetime 180\\ndescriptor-signing-key-cert\\n' +
          '-----BEGIN ED25519 CERT-----\\n([A-Za-z0-9+/=]{64}\\n){2}[A-Za-z0-9+/=]{60}\\n-----END ED25519 CERT-----\\n' +
          'revision-counter \\d+\\nsuperencrypted\\n-----BEGIN MESSAGE-----\\n([A-Za-z0-9+/=]{64}\\n)+' +
          '[A-Za-z0-9+/=]{1,64}\\n-----END MESSAGE-----\\nsignature [A-Za-z0-9+/]{86}\\n$',
      ),
    );
  });

  it('looks in the middle as Tor 0.4.9 writes it: 16 clients, no newline at the end, NULs to a multiple of 10000', () => {
    const [first] = build(pointsNamed('p', 3));
    const { middle } = openLayers(first!.text, identity.publicKey, PERIOD);
    const text = Buffer.from(middle).toString('latin1');
    expect(middle.length % 10_000).toBe(0);
    expect(text).toMatch(
      new RegExp(
        '^desc-auth-type x25519\\ndesc-auth-ephemeral-key [A-Za-z0-9+/]{43}=\\n' +
          '(auth-client [A-Za-z0-9+/]{11} [A-Za-z0-9+/]{22} [A-Za-z0-9+/]{22}\\n){16}' +
          'encrypted\\n-----BEGIN MESSAGE-----\\n([A-Za-z0-9+/=]{1,64}\\n)+-----END MESSAGE-----\\0+$',
      ),
    );
  });

  it('looks inside as Tor 0.4.9 writes it: flow-control line, newline at the end', () => {
    const [first] = build(pointsNamed('p', 2));
    const { inner } = openLayers(first!.text, identity.publicKey, PERIOD);
    const certificate =
      '-----BEGIN ED25519 CERT-----\\n([A-Za-z0-9+/=]{60,64}\\n){3}-----END ED25519 CERT-----\\n';
    expect(Buffer.from(inner).toString('latin1')).toMatch(
      new RegExp(
        '^create2-formats 2\\nflow-control 1-2 31\\n(introduction-point [A-Za-z0-9+/=]+\\nonion-key ntor [A-Za-z0-9+/]{43}=\\n' +
          `auth-key\\n${certificate}enc-key ntor [A-Za-z0-9+/]{43}=\\nenc-key-cert\\n${certificate}){2}$`,
      ),
    );
  });

  it('leaves the flow-control line out where the nodes have none in common', () => {
    const [first] = build(pointsNamed('p', 1), { flowControl: null });
    expect(valueOf(decodeDescriptor(orderToDecode(first!.text))).flowControl).toBeNull();
  });

  it('has certificates that run out when Tor lets them: type 8 rounded up, types 9 and 11 from the hour begun', () => {
    for (const now of [NOW, hourOf(NOW), hourOf(NOW) + HOUR - 1] as UnixSeconds[]) {
      const [first] = build(pointsNamed('p', 1), { now });
      const decoded = valueOf(decodeDescriptor(orderToDecode(first!.text, { now })));
      expect(decoded.signingKeyExpires).toBe(Math.ceil((now + 54 * HOUR) / HOUR) * HOUR);
      expect(decoded.introductionPoints[0]!.expires).toBe(hourOf(now) + 54 * HOUR);
    }
  });

  it('certifies with all three certificates by keys that are included', () => {
    const [first] = build(pointsNamed('p', 1));
    const { signingKeyCertificate } = valueOf(
      decodeOuterLayer(new TextEncoder().encode(first!.text), 50_000),
    );
    const eight = valueOf(decodeCertificate(signingKeyCertificate));
    expect(eight).toMatchObject({ type: 8, signingKey: first!.blindedKey });
    const { sections } = openLayers(first!.text, identity.publicKey, PERIOD);
    const nine = valueOf(decodeCertificate(sections[0]!.authKeyCertificate));
    const eleven = valueOf(decodeCertificate(sections[0]!.encKeyCertificate));
    expect(nine).toMatchObject({
      type: 9,
      signingKey: eight.certifiedKey,
      certifiedKey: pointNamed('p 0').authKey,
    });
    expect(eleven).toMatchObject({ type: 11, signingKey: eight.certifiedKey });
  });
});

describe('two publishers', () => {
  it('with the same set in the same second write the same bytes', () => {
    const points = pointsNamed('p', 5);
    expect(build(points)).toEqual(build(structuredClone(points)));
  });

  it('share what belongs to master key and period, and nothing that belongs to a content', () => {
    const [a] = build(pointsNamed('p', 3));
    const [b] = build(pointsNamed('q', 3));
    const [one, two] = [a!, b!].map((each) => openLayers(each.text, identity.publicKey, PERIOD));
    expect(one!.signingKey).toEqual(two!.signingKey);
    expect(one!.ephemeralKey).toEqual(two!.ephemeralKey);
    expect(one!.authClients).toEqual(two!.authClients);
    expect(toHex(one!.outerSalt)).not.toBe(toHex(two!.outerSalt));
    expect(toHex(one!.innerSalt)).not.toBe(toHex(two!.innerSalt));
  });

  it('have nothing in common that an HSDir could see between periods or identities', () => {
    const [first, second] = build(pointsNamed('p', 3));
    const [foreign] = valueOf(buildDescriptors(orderOf(identityNamed('other'), pointsNamed('p', 3))));
    const opened = [
      openLayers(first!.text, identity.publicKey, PERIOD),
      openLayers(second!.text, identity.publicKey, (PERIOD + 1) as TimePeriodNumber),
      openLayers(foreign!.text, identityNamed('other').publicKey, PERIOD),
    ];
    for (const field of ['signingKey', 'ephemeralKey', 'outerSalt', 'innerSalt'] as const) {
      expect(new Set(opened.map((each) => toHex(each[field]))).size).toBe(3);
    }
  });
});

describe('building', () => {
  it.each<[string, Partial<BuildDescriptorsInput>, number, string]>([
    ['no introduction points', {}, 0, 'descriptor.no-introduction-points'],
    ['21 introduction points', {}, 21, 'descriptor.too-many-introduction-points'],
    [
      'a flow-control value of another form',
      { flowControl: '1-2 31\npow-params v1' },
      1,
      'descriptor.malformed',
    ],
    ['no ntor handshake', { create2Formats: [3] }, 1, 'descriptor.malformed'],
    ['a size limit below the result', { maxDescriptorSize: 14_000 }, 1, 'descriptor.too-large'],
  ])('with %s is refused', (_, over, count, code) => {
    expect(codeOf(buildDescriptors({ ...orderOf(identity, pointsNamed('p', count)), ...over }))).toBe(code);
  });

  it('with a peer’s malformed introduction point is refused', () => {
    const good = pointNamed('p');
    const refused = (point: IntroductionPoint) => codeOf(buildDescriptors(orderOf(identity, [point])));
    expect(refused({ ...good, linkSpecifiers: [] })).toBe('descriptor.bad-link-specifiers');
    expect(refused({ ...good, encKey: good.encKey.slice(1) as typeof good.encKey })).toBe(
      'descriptor.malformed',
    );
  });

  it('with a counter input that is out of range is refused', () => {
    const order = orderOf(identity, pointsNamed('p', 1));
    const requests = order.requests.map((request) => ({ ...request, n: 0 }));
    expect(codeOf(buildDescriptors({ ...order, requests }))).toBe('counter.out-of-range');
  });
});

describe('decoding', () => {
  const [first] = build(pointsNamed('p', 3));
  const text = first!.text;

  it('accepts a text whose last newline the control port took away', () => {
    expect(decodeDescriptor(orderToDecode(text.slice(0, -1))).ok).toBe(true);
  });

  it('of another address or period says so', () => {
    expect(codeOf(decodeDescriptor(orderToDecode(text, { identity: identityNamed('x').publicKey })))).toBe(
      'descriptor.wrong-key',
    );
    expect(codeOf(decodeDescriptor(orderToDecode(text, { timePeriods: [] })))).toBe('descriptor.wrong-key');
  });

  it('when its certificates have run out says so, unless the time is left out', () => {
    const late = (NOW + 55 * HOUR) as UnixSeconds;
    expect(codeOf(decodeDescriptor(orderToDecode(text, { now: late })))).toBe('certificate.expired');
    expect(decodeDescriptor(orderToDecode(text, { now: null })).ok).toBe(true);
  });

  it.each<[string, (text: string) => string, string]>([
    ['cut off', (t) => t.slice(0, 9000), 'descriptor.malformed'],
    ['empty', () => '', 'descriptor.malformed'],
    ['with CRLF line ends', (t) => t.replaceAll('\n', '\r\n'), 'descriptor.malformed'],
    ['with text after its signature', (t) => `${t}x y\n`, 'descriptor.malformed'],
    [
      'with two counters',
      (t) => t.replace('superencrypted', 'revision-counter 1\nsuperencrypted'),
      'descriptor.malformed',
    ],
    ['of version 4', (t) => t.replace('hs-descriptor 3', 'hs-descriptor 4'), 'descriptor.wrong-version'],
    ['with a lifetime of a day', (t) => t.replace('lifetime 180', 'lifetime 1440'), 'descriptor.malformed'],
    [
      'with another counter',
      (t) => t.replace(/revision-counter \d/, 'revision-counter 9'),
      'descriptor.bad-signature',
    ],
    [
      'with an unknown line that nobody signed',
      (t) => t.replace('revision', 'new-thing 1\nrevision'),
      'descriptor.bad-signature',
    ],
  ])('%s is refused', (_, change, code) => {
    expect(change(text)).not.toBe(text);
    expect(codeOf(decodeDescriptor(orderToDecode(change(text))))).toBe(code);
  });

  it('above the size limit is refused before anything is parsed', () => {
    expect(codeOf(decodeDescriptor(orderToDecode(text, { maxDescriptorSize: text.length })))).toBe(
      'descriptor.too-large',
    );
    const huge = {
      ...orderToDecode(text),
      descriptor: new Uint8Array(2_000_000),
      maxDescriptorSize: 2 ** 31,
    };
    expect(codeOf(decodeDescriptor(huge))).toBe('descriptor.too-large');
  });

  it('with any damage gives a code or, where only the spelling of base64 changed, the same content', () => {
    const bytes = new TextEncoder().encode(text);
    const good = valueOf(decodeDescriptor(orderToDecode(text)));
    fc.assert(
      fc.property(damages, (how) => {
        const broken = damage(bytes, how);
        fc.pre(Buffer.compare(broken, bytes) !== 0);
        const result = decodeDescriptor({ ...orderToDecode(text), descriptor: broken });
        if (result.ok) expect({ ...result.value, size: good.size }).toEqual(good);
        else expect(result.code).toMatch(/^(descriptor|certificate)\./);
      }),
      { numRuns: 150 },
    );
  });

  it('of bytes from nowhere gives a code', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((s) => new TextEncoder().encode(`hs-descriptor 3\n${s}`)),
        ),
        (bytes) => {
          expect(codeOf(decodeDescriptor({ ...orderToDecode(text), descriptor: bytes }))).toMatch(
            /^descriptor\./,
          );
        },
      ),
    );
  });

  it('of a descriptor for authorized clients only says so', () => {
    expect(bytesOf('unused')).toHaveLength(32);
    const { resealWithCookie } = openLayers(text, identity.publicKey, PERIOD);
    expect(codeOf(decodeDescriptor(orderToDecode(resealWithCookie())))).toBe(
      'descriptor.client-authorization',
    );
  });
});
