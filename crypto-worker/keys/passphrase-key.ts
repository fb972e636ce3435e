import sodium from 'sodium-native';
import {
  PASSPHRASE_KEY_BYTES,
  PASSPHRASE_MEMORY_BYTES,
  PASSPHRASE_PASSES,
  PASSPHRASE_SALT_BYTES,
} from './passphrase-parameters.js';
import type { PassphraseKey } from './passphrase-parameters.js';

/** The same passphrase from another keyboard may be other code points (RFC 8265 §4 asks for a normal form; NFKC forgives more). */
const bytesOf = (passphrase: string): Buffer => Buffer.from(passphrase.normalize('NFKC'), 'utf8');

/**
 * The key of a passphrase. It takes its time by design, so it is loaded where it is needed and never runs on the loop of an
 * actor; its working memory is libsodium's own, locked and zeroed.
 *
 * @throws RangeError for a salt of another length
 */
export const passphraseKey = (passphrase: string, salt: Uint8Array): PassphraseKey => {
  if (salt.length !== PASSPHRASE_SALT_BYTES) throw new RangeError(`a salt of ${salt.length} bytes`);
  const input = bytesOf(passphrase);
  const output = Buffer.alloc(PASSPHRASE_KEY_BYTES);
  try {
    sodium.crypto_pwhash(
      output,
      input,
      Buffer.from(salt),
      PASSPHRASE_PASSES,
      PASSPHRASE_MEMORY_BYTES,
      sodium.crypto_pwhash_ALG_ARGON2ID13,
    );
    return new Uint8Array(output) as PassphraseKey;
  } finally {
    input.fill(0);
    output.fill(0);
  }
};
