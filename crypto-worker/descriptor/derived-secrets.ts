/**
 * What Tor makes at random once for each descriptor is derived here from the master key and the time period:
 * as stable as Tor's own until the rotation, the same after a take-over, and the same on two nodes that publish
 * at once.
 */
import type { Period } from '../blinding/blinding-factor.js';
import type { Ed25519Seed, ExpandedSecretKey } from '../brands.js';
import { assertLength, concatBytes, uint64, utf8 } from '../encoding/bytes.js';
import { sha3, shake256 } from '../hash.js';
import { SALT_LENGTH } from './layer.js';
import { AUTH_CLIENT_MULTIPLE } from './limits.js';
import type { AuthClient } from './middle-layer.js';

const DOMAIN = utf8('RustBalance descriptor secrets v1\0');
const CLIENT_ID_LENGTH = 8;
const IV_LENGTH = 16;
const COOKIE_LENGTH = 16;

/** Each purpose has its own stream of bytes. */
export type SecretPurpose =
  'descriptor-signing-key' | 'auth-ephemeral-key' | 'fake-auth-clients' | 'salt-key';

/**
 * SHAKE-256(domain | secret key | period | length | purpose): all but the purpose have fixed lengths, so no
 * two inputs run together.
 */
export const deriveSecret = (
  master: ExpandedSecretKey,
  period: Period,
  purpose: SecretPurpose,
  length: number,
): Uint8Array => {
  assertLength(master, 64, 'expanded secret key');
  return shake256(length, DOMAIN, master, uint64(period.number), uint64(period.length), utf8(purpose));
};

export const descriptorSigningSeed = (master: ExpandedSecretKey, period: Period): Ed25519Seed =>
  deriveSecret(master, period, 'descriptor-signing-key', 32) as Ed25519Seed;

/** Secret half of desc-auth-ephemeral-key; without restricted discovery nobody ever uses it. */
export const ephemeralSecret = (master: ExpandedSecretKey, period: Period): Uint8Array =>
  deriveSecret(master, period, 'auth-ephemeral-key', 32);

/** The 16 entries that stand in for clients where there is no restricted discovery (rend-spec-v3 §2.5.1.4). */
export const fakeAuthClients = (master: ExpandedSecretKey, period: Period): readonly AuthClient[] => {
  const each = CLIENT_ID_LENGTH + IV_LENGTH + COOKIE_LENGTH;
  const bytes = deriveSecret(master, period, 'fake-auth-clients', AUTH_CLIENT_MULTIPLE * each);
  return Array.from({ length: AUTH_CLIENT_MULTIPLE }, (_, at) => {
    const entry = bytes.subarray(at * each, (at + 1) * each);
    return {
      clientId: entry.slice(0, CLIENT_ID_LENGTH),
      iv: entry.slice(CLIENT_ID_LENGTH, CLIENT_ID_LENGTH + IV_LENGTH),
      encryptedCookie: entry.slice(CLIENT_ID_LENGTH + IV_LENGTH),
    };
  });
};

/**
 * A layer's salt from the plaintext itself, keyed: two nodes that publish the same set in the same second write
 * the same bytes, and different plaintexts never share a salt and with it a key stream.
 */
export const layerSalt = (
  saltKey: Uint8Array,
  layer: 'outer' | 'inner',
  revisionCounter: bigint,
  plaintext: Uint8Array,
): Uint8Array => {
  assertLength(saltKey, 32, 'salt key');
  return sha3(concatBytes(saltKey, uint64(revisionCounter), utf8(layer)), plaintext).slice(0, SALT_LENGTH);
};
