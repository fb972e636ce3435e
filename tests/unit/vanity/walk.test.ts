import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { expandSeed } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { isClamped, scalarFromBytes } from '@rustbalance/crypto-worker/ed25519/scalar.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { identityOf } from '@rustbalance/crypto-worker/keys/identity.js';
import { encodeBase32 } from '@rustbalance/crypto-worker/encoding/base32.js';
import { parseVanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import type { VanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import { KEYS_PER_STEP, foundIdentity, startVanityWalk } from '@rustbalance/crypto-worker/vanity/walk.js';

const prefixOf = (text: string): VanityPrefix => {
  const prefix = parseVanityPrefix(text);
  if ('kind' in prefix) throw new Error(prefix.kind);
  return prefix;
};
const seedNumber = (number: number): Ed25519Seed => new Uint8Array(32).fill(number) as Ed25519Seed;
const NONCE = new Uint8Array(32).fill(9);
const findIn = (seed: Ed25519Seed, text: string, steps: number) => {
  const prefix = prefixOf(text);
  const walk = startVanityWalk(seed, prefix);
  for (let i = 0; i < steps; i++) {
    const scalar = walk.step();
    if (scalar !== null) return { prefix, scalar, steps: i + 1 };
  }
  throw new Error(`nothing in ${String(steps)} steps`);
};

describe('a prefix', () => {
  it('fits exactly the keys whose address begins with it', () => {
    for (let i = 0; i < 200; i++) {
      const key = randomBytes(35);
      const address = encodeBase32(key);
      const y = [...key.subarray(0, 32)].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      for (let length = 1; length <= 10; length++) {
        const { mask, value } = prefixOf(address.slice(0, length));
        expect(y & mask).toBe(value);
        const other = address.slice(0, length - 1) + (address[length - 1] === 'a' ? 'b' : 'a');
        expect(y & mask).not.toBe(prefixOf(other).value);
      }
    }
  });

  it('is taken in lower case, and knows how rare it is', () => {
    expect(prefixOf('MySite')).toMatchObject({ text: 'mysite', rarity: 32 ** 6 });
  });

  it('names the characters that no address has', () => {
    expect(parseVanityPrefix('my-site01')).toEqual({ kind: 'alphabet', foreign: '-01' });
    expect(parseVanityPrefix('ſite')).toMatchObject({ kind: 'alphabet' });
  });

  it.each(['', 'abcdefghijk'])('%j has a length that cannot be searched for', (text) => {
    expect(parseVanityPrefix(text)).toEqual({ kind: 'length', longest: 10 });
  });
});

describe('a walk', () => {
  it('finds keys that the ordinary derivation confirms, each of another walk', () => {
    const addresses = Array.from({ length: 12 }, (_, i) => {
      const { scalar, prefix } = findIn(seedNumber(i), 'ab', 40);
      expect(isClamped(scalar)).toBe(true);
      const identity = foundIdentity(scalar, NONCE, prefix);
      expect(identity?.address.startsWith('ab')).toBe(true);
      return identity?.address;
    });
    expect(new Set(addresses).size).toBe(12);
  });

  it('sees the neighbours of its start on both sides, and the start itself', () => {
    const seed = seedNumber(1);
    const scalar = scalarFromBytes(expandSeed(seed).subarray(0, 32));
    const reach = (KEYS_PER_STEP - 1) / 2;
    for (const offset of [0, 1, -1, 17, -17, reach, -reach]) {
      const bytes = Buffer.alloc(32);
      const wanted = scalar + 8n * BigInt(offset);
      for (let i = 0; i < 32; i++) bytes[i] = Number((wanted >> BigInt(8 * i)) & 255n);
      const { address } = identityOf(Buffer.concat([bytes, NONCE]) as Uint8Array as never);
      const found = startVanityWalk(seed, prefixOf(address.slice(0, 8))).step();
      expect(found).toEqual(new Uint8Array(bytes));
    }
  });

  it('goes on without a gap and without repeating itself', () => {
    const seed = seedNumber(2);
    const start = scalarFromBytes(expandSeed(seed).subarray(0, 32));
    const reach = BigInt((KEYS_PER_STEP - 1) / 2);
    const walked = new Set<bigint>();
    for (let step = 0; step < 3; step++) {
      // The walk's own arithmetic says which keys it saw: one is found wherever the key has the prefix.
      for (const offset of [-reach, reach]) {
        const wanted = start + 8n * (BigInt(step * KEYS_PER_STEP) + offset);
        const bytes = Buffer.from(
          Array.from({ length: 32 }, (_, i) => Number((wanted >> BigInt(8 * i)) & 255n)),
        );
        const { address } = identityOf(Buffer.concat([bytes, NONCE]) as Uint8Array as never);
        const { scalar, steps } = findIn(seed, address.slice(0, 8), step + 1);
        expect([steps, scalarFromBytes(scalar)]).toEqual([step + 1, wanted]);
        walked.add(wanted);
      }
    }
    expect(walked.size).toBe(6);
  });

  it('finds one key in as many as the prefix is rare', () => {
    const walk = startVanityWalk(seedNumber(3), prefixOf('qqq'));
    let found = 0;
    const steps = 640;
    for (let i = 0; i < steps; i++) if (walk.step() !== null) found++;
    // 328,320 keys at one in 32,768: ten, and for the fixed seed always the same number.
    expect(found).toBeGreaterThanOrEqual(4);
    expect(found).toBeLessThanOrEqual(20);
  });
});

describe('a key that was found', () => {
  it('is written as Tor writes keys, and read again', () => {
    const { scalar, prefix } = findIn(seedNumber(4), 'x', 5);
    const identity = foundIdentity(scalar, NONCE, prefix)!;
    const again = importIdentity(hiddenServiceFiles(identity.secret).hs_ed25519_secret_key);
    expect(again.ok && again.value.address).toBe(identity.address);
    expect(identity.secret.subarray(32)).toEqual(NONCE);
  });

  it('is refused when its address begins otherwise, or its scalar is not clamped', () => {
    const { scalar } = findIn(seedNumber(4), 'x', 5);
    expect(foundIdentity(scalar, NONCE, prefixOf('y'))).toBeNull();
    const loose = Uint8Array.from(scalar);
    loose[0] = (loose[0] ?? 0) | 1;
    expect(foundIdentity(loose, NONCE, prefixOf('x'))).toBeNull();
  });
});
