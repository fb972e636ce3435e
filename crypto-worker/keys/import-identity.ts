import type { Ed25519Seed, ExpandedSecretKey } from '../brands.js';
import { expandSeed, publicKeyOf } from '../ed25519/expanded-key.js';
import { isClamped, reducedScalar } from '../ed25519/scalar.js';
import { isAllZero, sameBytes } from '../encoding/bytes.js';
import { type Result, failure, ok } from '../result.js';
import type { ImportedIdentity, SecretKeyFormat } from '../task-types.js';
import { PUBLIC_KEY_TAG, SECRET_KEY_TAG } from './hidden-service-files.js';
import { identityOf } from './identity.js';

const imported = (secret: ExpandedSecretKey, format: SecretKeyFormat): Result<ImportedIdentity> =>
  ok({ ...identityOf(secret), format });

const importExpanded = (bytes: Uint8Array, format: SecretKeyFormat): Result<ImportedIdentity> => {
  if (!isClamped(bytes)) {
    return failure(
      'key.not-clamped',
      'these 64 bytes are no expanded Ed25519 secret key: the scalar is not clamped',
    );
  }
  if (reducedScalar(bytes.subarray(0, 32)) === 0n) {
    return failure('key.degenerate-scalar', 'the secret scalar is zero');
  }
  return imported(Uint8Array.from(bytes) as ExpandedSecretKey, format);
};

/** libsodium's 64 bytes (seed, public key) pass the clamping test once in 32 and would give a foreign address. */
const isSeedWithPublicKey = (bytes: Uint8Array): boolean =>
  sameBytes(publicKeyOf(expandSeed(bytes.subarray(0, 32) as Ed25519Seed)), bytes.subarray(32));

/**
 * Raw keys are text once in 10^13 times, and a hostname that was cut off or a seed in hexadecimal would pass for one
 * and give a foreign address.
 */
const isText = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => (byte >= 0x20 && byte <= 0x7e) || byte === 0x0a || byte === 0x0d);

/**
 * An identity from what operators keep: Tor's hs_ed25519_secret_key (96 bytes), an expanded key (64) or a
 * seed (32). The size tells which; anything else is refused, never guessed at.
 */
export const importIdentity = (bytes: Uint8Array): Result<ImportedIdentity> => {
  if (sameBytes(bytes.subarray(0, 32), PUBLIC_KEY_TAG)) {
    return failure(
      'key.bad-header',
      'this is hs_ed25519_public_key: the secret key is in hs_ed25519_secret_key',
    );
  }
  if (bytes.length === 96) {
    return sameBytes(bytes.subarray(0, 32), SECRET_KEY_TAG)
      ? importExpanded(bytes.subarray(32), 'tor-file')
      : failure('key.bad-header', 'a file of 96 bytes must start with "== ed25519v1-secret: type0 =="');
  }
  if ((bytes.length === 64 || bytes.length === 32) && isText(bytes)) {
    return failure('key.unknown-format', 'this is text: a key file holds the raw bytes of the key');
  }
  if (bytes.length === 64) {
    return isSeedWithPublicKey(bytes)
      ? failure('key.unknown-format', 'this is a seed followed by its public key: pass the first 32 bytes')
      : importExpanded(bytes, 'expanded');
  }
  if (bytes.length === 32 && !isAllZero(bytes)) return imported(expandSeed(bytes as Ed25519Seed), 'seed');
  return failure(
    'key.unknown-format',
    bytes.length === 32
      ? 'the 32-byte seed is all zero'
      : `a secret key file has 96, 64 or 32 bytes, not ${bytes.length}`,
  );
};
