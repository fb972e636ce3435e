import type { IdentityPublicKey, OnionAddress } from '../brands.js';
import { decodeBase32, encodeBase32 } from '../encoding/base32.js';
import { assertLength, concatBytes, sameBytes, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';
import { type Result, failure, ok } from '../result.js';

const VERSION = 3;
const LENGTH = 56;
const CHECKSUM_PREFIX = utf8('.onion checksum');

const checksum = (publicKey: Uint8Array): Uint8Array =>
  sha3(CHECKSUM_PREFIX, publicKey, Uint8Array.of(VERSION)).slice(0, 2);

/** The address of a public key, without ".onion" (rend-spec-v3 §6). */
export const encodeOnionAddress = (publicKey: IdentityPublicKey): OnionAddress => {
  assertLength(publicKey, 32, 'identity public key');
  return encodeBase32(concatBytes(publicKey, checksum(publicKey), Uint8Array.of(VERSION))) as OnionAddress;
};

/** What people type, as far as it can be mended without guessing: spaces around, upper case, ".onion". */
export const normalizeOnionAddress = (typed: string): string =>
  typed
    .trim()
    .toLowerCase()
    .replace(/\.onion$/, '');

/**
 * The 32 bytes of public key in an address, with length, alphabet, version and checksum checked but not the
 * point itself: cheap enough for any thread. The address must be in its one canonical form (lower case, no
 * ".onion").
 */
export const decodeOnionAddress = (address: string): Result<Uint8Array> => {
  if (address.length !== LENGTH) {
    return failure('address.bad-length', `an onion address has ${LENGTH} characters, not ${address.length}`);
  }
  const bytes = decodeBase32(address);
  if (bytes === null) {
    return failure('address.bad-base32', 'an onion address consists of a-z and 2-7 in lower case');
  }
  const version = bytes[34];
  if (version !== VERSION) {
    return failure(
      'address.bad-version',
      `the address has version ${String(version)}, this program knows ${VERSION}`,
    );
  }
  const publicKey = bytes.slice(0, 32);
  if (!sameBytes(bytes.subarray(32, 34), checksum(publicKey))) {
    return failure(
      'address.bad-checksum',
      'the checksum of the address does not match: a character is wrong',
    );
  }
  return ok(publicKey);
};
