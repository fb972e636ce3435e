/** The files of a HiddenServiceDir as Tor 0.4.9 writes them (rend-spec-v3 appendix F names only some). */
import type { ExpandedSecretKey } from '../brands.js';
import { concatBytes, utf8 } from '../encoding/bytes.js';
import type { HiddenServiceFiles } from '../task-types.js';
import { identityOf } from './identity.js';

const TAG_LENGTH = 32;

const tag = (text: string): Uint8Array => {
  const padded = new Uint8Array(TAG_LENGTH);
  padded.set(utf8(text));
  return padded;
};

/** Tor's tagged files start with 32 bytes: this text, filled up with NUL. */
export const SECRET_KEY_TAG = tag('== ed25519v1-secret: type0 ==');
export const PUBLIC_KEY_TAG = tag('== ed25519v1-public: type0 ==');

export const hiddenServiceFiles = (secret: ExpandedSecretKey): HiddenServiceFiles => {
  const { publicKey, address } = identityOf(secret);
  return {
    hs_ed25519_secret_key: concatBytes(SECRET_KEY_TAG, secret),
    hs_ed25519_public_key: concatBytes(PUBLIC_KEY_TAG, publicKey),
    hostname: utf8(`${address}.onion\n`),
  };
};
