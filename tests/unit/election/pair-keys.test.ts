import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { nodeTag, pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { exampleSeed } from '../../support/simulation/cluster-config.js';

const token = (text: string): Uint8Array => new TextEncoder().encode(text);
const [one, two] = [exampleSeed(1), exampleSeed(2)];
const secret = clusterSecret(token('t'), 'address.onion');

describe('the keys of a pair of nodes', () => {
  test('are the same at both ends, crosswise, and different in each direction', () => {
    const ours = pairKeys(secret, one, nodePublicKey(two));
    const theirs = pairKeys(secret, two, nodePublicKey(one));
    expect(ours?.sending).toEqual(theirs?.receiving);
    expect(ours?.receiving).toEqual(theirs?.sending);
    expect(ours?.sending).not.toEqual(ours?.receiving);
  });

  test('are HKDF-SHA256 over the X25519 agreement of the converted keys and the cluster key', () => {
    const shared = x25519.getSharedSecret(
      ed25519.utils.toMontgomerySecret(one),
      ed25519.utils.toMontgomery(nodePublicKey(two)),
    );
    const info = Buffer.concat([token('datagram key '), nodePublicKey(one), nodePublicKey(two)]);
    const input = Buffer.concat([shared, secret.key]);
    expect(pairKeys(secret, one, nodePublicKey(two))?.sending).toEqual(
      hkdf(sha256, input, token('rustbalance datagram v1'), info, 32),
    );
  });

  test('change with the cluster token, and with the master address under one token', () => {
    const keys = [
      pairKeys(secret, one, nodePublicKey(two)),
      pairKeys(clusterSecret(token('u'), 'address.onion'), one, nodePublicKey(two)),
      pairKeys(clusterSecret(token('t'), 'another.onion'), one, nodePublicKey(two)),
    ].map((pair) => Buffer.from(pair!.sending).toString('hex'));
    expect(new Set(keys).size).toBe(3);
  });

  test('do not depend on how the master address is written', () => {
    expect(clusterSecret(token('t'), 'address')).toEqual(secret);
  });

  test.each([
    ['no point of the curve', new Uint8Array(32).fill(2)],
    ['the neutral element', Uint8Array.of(1, ...new Uint8Array(31))],
    ['a point of order two', Uint8Array.of(0xec, ...new Uint8Array(30).fill(0xff), 0x7f)],
    ['an encoding that is not canonical', new Uint8Array(32).fill(0xff)],
  ])('are none when the public key is %s', (_what, key) => {
    expect(pairKeys(secret, one, key as Ed25519PublicKey)).toBeNull();
  });

  test('come with tags that tell nodes apart and say nothing without the token', () => {
    const key = nodePublicKey(one);
    expect(nodeTag(secret, key)).not.toEqual(nodeTag(secret, nodePublicKey(two)));
    expect(nodeTag(secret, key)).not.toEqual(nodeTag(clusterSecret(token('u'), 'address'), key));
  });
});
