import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinkSpecifier } from '@rustbalance/crypto-worker/introduction-point.js';
import {
  decodeLinkSpecifiers,
  describeLinkSpecifier,
  encodeLinkSpecifiers,
  relayIdentity,
} from '@rustbalance/crypto-worker/link-specifiers.js';
import { bytesOf, codeOf, damage, damages, hex, pointNamed, toHex, valueOf } from './given.js';

const legacy: LinkSpecifier = { type: 2, data: new Uint8Array(20).fill(7) };
const encoded = (specifiers: readonly LinkSpecifier[]): Uint8Array =>
  valueOf(encodeLinkSpecifiers(specifiers));

describe('link specifiers', () => {
  it('come back as they were, unknown types and their order included', () => {
    const unknown = fc.record({
      type: fc.integer({ min: 4, max: 255 }),
      data: fc.uint8Array({ maxLength: 255 }),
    });
    fc.assert(
      fc.property(
        fc.array(unknown, { maxLength: 6 }),
        fc.array(unknown, { maxLength: 6 }),
        (before, after) => {
          const specifiers = [...before, legacy, ...after];
          expect(decodeLinkSpecifiers(encoded(specifiers))).toEqual({ ok: true, value: specifiers });
        },
      ),
    );
  });

  it('are written as rend-spec-v3 §0.4 has it', () => {
    expect(toHex(encoded([{ type: 0, data: hex('7f000001238d') }, legacy]))).toBe(
      `0200067f000001238d0214${'07'.repeat(20)}`,
    );
  });

  it.each<[string, LinkSpecifier[]]>([
    ['none', []],
    ['no legacy fingerprint', [{ type: 0, data: new Uint8Array(6) }]],
    ['two legacy fingerprints', [legacy, legacy]],
    ['a fingerprint of 19 bytes', [{ type: 2, data: new Uint8Array(19) }]],
    ['an IPv4 address of 5 bytes', [legacy, { type: 0, data: new Uint8Array(5) }]],
    ['256 bytes in one', [legacy, { type: 9, data: new Uint8Array(256) }]],
    ['a type that is no byte', [legacy, { type: 256, data: new Uint8Array() }]],
  ])('with %s are refused', (_, specifiers) => {
    expect(codeOf(encodeLinkSpecifiers(specifiers))).toBe('descriptor.bad-link-specifiers');
  });

  it('with any damage are decoded to what encodes to the same bytes, or refused', () => {
    const good = encoded(pointNamed('x').linkSpecifiers);
    fc.assert(
      fc.property(damages, damages, (one, two) => {
        const broken = damage(damage(good, one), two);
        const decoded = decodeLinkSpecifiers(broken);
        if (decoded.ok) expect(encoded(decoded.value)).toEqual(broken);
        else expect(decoded.code).toBe('descriptor.bad-link-specifiers');
      }),
    );
  });

  it('name the relay', () => {
    const { linkSpecifiers } = pointNamed('x');
    expect(relayIdentity(linkSpecifiers)).toEqual({
      fingerprint: toHex(bytesOf('relay x').slice(0, 20)).toUpperCase(),
      ed25519Id: bytesOf('relay id x'),
    });
    expect(relayIdentity([legacy])).toEqual({ fingerprint: '07'.repeat(20), ed25519Id: null });
    expect(relayIdentity([])).toBeNull();
  });

  it('are described for people', () => {
    expect(
      [
        { type: 0, data: hex('c0000201238d') },
        { type: 1, data: hex('20010db8000000000000000000000001238d') },
        legacy,
        { type: 3, data: new Uint8Array(32) },
        { type: 9, data: Uint8Array.of(1) },
      ].map(describeLinkSpecifier),
    ).toEqual([
      { kind: 'ipv4', address: '192.0.2.1', port: 9101 },
      { kind: 'ipv6', address: '2001:db8:0:0:0:0:0:1', port: 9101 },
      { kind: 'legacy-id', hex: '07'.repeat(20) },
      { kind: 'ed25519-id', hex: '00'.repeat(32) },
      { kind: 'unknown', type: 9, hex: '01' },
    ]);
  });
});
