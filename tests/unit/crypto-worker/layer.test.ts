import fc from 'fast-check';
import { ctr } from '@noble/ciphers/aes.js';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import type { RevisionCounter, Subcredential } from '@rustbalance/crypto-worker/brands.js';
import { layerSalt } from '@rustbalance/crypto-worker/descriptor/derived-secrets.js';
import {
  type LayerSecrets,
  decryptLayer,
  encryptLayer,
} from '@rustbalance/crypto-worker/descriptor/layer.js';
import { bytesOf, codeOf, damage, damages, toHex, valueOf } from './given.js';

const secrets: LayerSecrets = {
  layer: 'outer',
  secretData: bytesOf('blinded'),
  subcredential: bytesOf('subcredential') as Subcredential,
  revisionCounter: 42n as RevisionCounter,
};
const salt = bytesOf('salt').slice(0, 16);
const texts = fc.uint8Array({ minLength: 1, maxLength: 3000 });

describe('an encryption layer', () => {
  it('is SALT | ENCRYPTED | MAC by the formulas of rend-spec-v3 §2.5.3, done with noble', () => {
    fc.assert(
      fc.property(texts, (plaintext) => {
        const eight = (n: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, n);
        const input = Buffer.concat([
          secrets.secretData,
          secrets.subcredential,
          eight(42),
          salt,
          Buffer.from('hsdir-superencrypted-data'),
        ]);
        const keys = shake256(input, { dkLen: 80 });
        const encrypted = ctr(keys.slice(0, 32), keys.slice(32, 48)).encrypt(plaintext);
        const mac = sha3_256(Buffer.concat([eight(32), keys.slice(48), eight(16), salt, encrypted]));
        const blob = encryptLayer(plaintext, secrets, salt);
        expect(toHex(blob)).toBe(toHex(new Uint8Array(Buffer.concat([salt, encrypted, mac]))));
        expect(toHex(valueOf(decryptLayer(blob, secrets)))).toBe(toHex(plaintext));
      }),
      { numRuns: 20 },
    );
  });

  it('opens with nothing but the same secrets', () => {
    const blob = encryptLayer(bytesOf('text'), secrets, salt);
    for (const wrong of [
      { layer: 'inner' as const },
      { secretData: bytesOf('other') },
      { subcredential: bytesOf('other') as Subcredential },
      { revisionCounter: 43n as RevisionCounter },
    ]) {
      expect(codeOf(decryptLayer(blob, { ...secrets, ...wrong }))).toBe('descriptor.bad-mac');
    }
  });

  it('with any damage is refused with a code', () => {
    const blob = encryptLayer(bytesOf('text'), secrets, salt);
    fc.assert(
      fc.property(damages, (how) => {
        const broken = damage(blob, how);
        fc.pre(Buffer.compare(broken, blob) !== 0);
        expect(['descriptor.bad-mac', 'descriptor.malformed']).toContain(
          codeOf(decryptLayer(broken, secrets)),
        );
      }),
    );
  });

  it('too short to hold a byte is refused', () => {
    expect(codeOf(decryptLayer(new Uint8Array(48), secrets))).toBe('descriptor.malformed');
  });
});

describe("a layer's salt", () => {
  it('is the same for the same text and another for another text, counter, layer or key', () => {
    const of = (key = 'key', layer: 'inner' | 'outer' = 'inner', counter = 1n, text = 'text'): string =>
      toHex(layerSalt(bytesOf(key), layer, counter, bytesOf(text)));
    expect(of()).toBe(of());
    expect(
      new Set([of(), of('other'), of('key', 'outer'), of('key', 'inner', 2n), of('key', 'inner', 1n, 'x')])
        .size,
    ).toBe(5);
  });
});
