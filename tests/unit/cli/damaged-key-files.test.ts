import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { parseOnionAddress } from '@rustbalance/crypto-worker/keys/parse-onion-address.js';
import { identityIn } from '@rustbalance/cli/debug/onion-of.js';
import { mutated } from '../../support/mutations.js';

const { secret, address } = generateIdentity(new Uint8Array(32).fill(11));
const files = hiddenServiceFiles(secret);

const identify = (bytes: Buffer): 'refused' | 'the same' | 'another' => {
  const found = identityIn(new Uint8Array(bytes));
  if (!found.ok) {
    expect(found.code).toMatch(/^(key|address)\./);
    for (let at = 0; at + 12 <= bytes.length; at++) {
      expect(found.detail.includes(bytes.toString('hex').slice(2 * at, 2 * at + 12))).toBe(false);
    }
    return 'refused';
  }
  expect(parseOnionAddress(found.value.address)).toEqual({ ok: true, value: found.value.publicKey });
  expect(encodeOnionAddress(found.value.publicKey)).toBe(found.value.address);
  return found.value.address === address ? 'the same' : 'another';
};

describe('a damaged file of a HiddenServiceDir', () => {
  it.each(Object.entries(files))('gives no address or one of a proper key: %s', (_, bytes) => {
    expect(identify(Buffer.from(bytes))).toBe('the same');
    fc.assert(
      fc.property(mutated([bytes]), (damaged) => {
        identify(damaged);
      }),
      { numRuns: 60 },
    );
  });

  it('that is still text gives the address that it said, or none: the checksum tells every slip', () => {
    const typo = fc
      .tuple(fc.nat(55), fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'))
      .map(([at, letter]) => Buffer.from(`${address.slice(0, at)}${letter}${address.slice(at + 1)}.onion\n`));
    fc.assert(
      fc.property(fc.oneof(typo, mutated([files.hostname])), (damaged) => {
        fc.pre(/^[\x20-\x7e\r\n]*$/.test(damaged.toString('latin1')));
        expect(identify(damaged)).not.toBe('another');
      }),
      { numRuns: 200 },
    );
  });
});
