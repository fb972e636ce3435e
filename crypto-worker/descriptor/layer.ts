/** One encryption layer of a descriptor (rend-spec-v3 §2.5.3): SALT | ENCRYPTED | MAC. */
import { createCipheriv, timingSafeEqual } from 'node:crypto';
import type { RevisionCounter, Subcredential } from '../brands.js';
import { assertLength, concatBytes, uint64, utf8 } from '../encoding/bytes.js';
import { sha3, shake256 } from '../hash.js';
import { type Result, failure, ok } from '../result.js';

const KEY_LENGTH = 32;
const IV_LENGTH = 16;
const MAC_KEY_LENGTH = 32;
const MAC_LENGTH = 32;
export const SALT_LENGTH = 16;

/** What the keys of a layer come from. */
export interface LayerSecrets {
  readonly layer: 'outer' | 'inner';
  /** SECRET_DATA: the blinded public key; with restricted discovery the inner layer adds the descriptor cookie. */
  readonly secretData: Uint8Array;
  readonly subcredential: Subcredential;
  readonly revisionCounter: RevisionCounter;
}

const STRING_CONSTANTS = {
  outer: utf8('hsdir-superencrypted-data'),
  inner: utf8('hsdir-encrypted-data'),
} as const;

interface LayerKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly macKey: Uint8Array;
}

const layerKeys = (secrets: LayerSecrets, salt: Uint8Array): LayerKeys => {
  const bytes = shake256(
    KEY_LENGTH + IV_LENGTH + MAC_KEY_LENGTH,
    secrets.secretData,
    secrets.subcredential,
    uint64(secrets.revisionCounter),
    salt,
    STRING_CONSTANTS[secrets.layer],
  );
  return {
    key: bytes.subarray(0, KEY_LENGTH),
    iv: bytes.subarray(KEY_LENGTH, KEY_LENGTH + IV_LENGTH),
    macKey: bytes.subarray(KEY_LENGTH + IV_LENGTH),
  };
};

/** AES-256-CTR is its own inverse. */
const applyStream = (keys: LayerKeys, bytes: Uint8Array): Uint8Array =>
  createCipheriv('aes-256-ctr', keys.key, keys.iv).update(bytes);

const macOf = (keys: LayerKeys, salt: Uint8Array, encrypted: Uint8Array): Uint8Array =>
  sha3(uint64(MAC_KEY_LENGTH), keys.macKey, uint64(SALT_LENGTH), salt, encrypted);

export const encryptLayer = (plaintext: Uint8Array, secrets: LayerSecrets, salt: Uint8Array): Uint8Array => {
  assertLength(salt, SALT_LENGTH, 'salt');
  const keys = layerKeys(secrets, salt);
  const encrypted = applyStream(keys, plaintext);
  return concatBytes(salt, encrypted, macOf(keys, salt, encrypted));
};

/** Checks the MAC, then decrypts. Any damage, and any wrong secret, is `descriptor.bad-mac`. */
export const decryptLayer = (blob: Uint8Array, secrets: LayerSecrets): Result<Uint8Array> => {
  if (blob.length <= SALT_LENGTH + MAC_LENGTH) {
    return failure('descriptor.malformed', `the ${secrets.layer} layer is only ${blob.length} bytes`);
  }
  const salt = blob.subarray(0, SALT_LENGTH);
  const encrypted = blob.subarray(SALT_LENGTH, -MAC_LENGTH);
  const keys = layerKeys(secrets, salt);
  if (!timingSafeEqual(macOf(keys, salt, encrypted), blob.subarray(-MAC_LENGTH))) {
    return failure('descriptor.bad-mac', `the MAC of the ${secrets.layer} layer does not match`);
  }
  return ok(applyStream(keys, encrypted));
};
