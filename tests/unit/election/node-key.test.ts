import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import {
  encodeNodeKeyFile,
  encodeNodePublicKey,
  generateNodeKey,
  nodePublicKey,
  parseNodeKeyFile,
  parseNodePublicKey,
} from '@rustbalance/actors/kernel/node-key.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';

describe('a node key', () => {
  const seed = generateNodeKey(seededRandom(1));

  test('file is one line of base64 and reads back', () => {
    expect(encodeNodeKeyFile(seed)).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(parseNodeKeyFile(encodeNodeKeyFile(seed))).toEqual(seed);
    expect(parseNodeKeyFile(`  ${encodeNodeKeyFile(seed)}\n`)).toEqual(seed);
  });

  test('has the public key that RFC 8032 gives it', () => {
    expect(nodePublicKey(seed)).toEqual(ed25519.getPublicKey(seed));
    expect(parseNodePublicKey(encodeNodePublicKey(nodePublicKey(seed)))).toEqual(nodePublicKey(seed));
  });

  test.each([
    '',
    'AAAA',
    'not base64 at all',
    `${'A'.repeat(44)}`,
    `${'A'.repeat(43)}=x`,
    `${'A'.repeat(86)}==`,
  ])('file with %j is refused', (text) => {
    expect(parseNodeKeyFile(text)).toBeNull();
    expect(parseNodePublicKey(text)).toBeNull();
  });
});
