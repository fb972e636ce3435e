import type { IdentityPublicKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { PUBLIC_KEY_TAG } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { encodeOnionAddress, normalizeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { parseOnionAddress } from '@rustbalance/crypto-worker/keys/parse-onion-address.js';
import type { Result } from '@rustbalance/crypto-worker/result.js';
import { ok } from '@rustbalance/crypto-worker/result.js';

export type KeyForm = 'address' | 'public-key' | 'tor-file' | 'expanded' | 'seed';

export interface FoundIdentity {
  readonly form: KeyForm;
  readonly publicKey: IdentityPublicKey;
  readonly address: OnionAddress;
}

/** An address as people give it: with or without ".onion", in any case. */
export const identityOfAddress = (text: string): Result<FoundIdentity> => {
  const parsed = parseOnionAddress(normalizeOnionAddress(text));
  if (!parsed.ok) return parsed;
  return ok({ form: 'address', publicKey: parsed.value, address: encodeOnionAddress(parsed.value) });
};

const asText = (bytes: Uint8Array): string => {
  const text = new TextDecoder('latin1').decode(bytes).trim();
  return /^[a-zA-Z2-7]{50,60}(\.onion)?$/.test(text) ? text : '';
};

/**
 * The identity in any file that holds one: hs_ed25519_secret_key, hs_ed25519_public_key, hostname, an expanded key or a
 * seed.
 */
export const identityIn = (bytes: Uint8Array): Result<FoundIdentity> => {
  const text = asText(bytes);
  if (text !== '') return identityOfAddress(text);
  if (bytes.length === 64 && sameBytes(bytes.subarray(0, 32), PUBLIC_KEY_TAG)) {
    const address = encodeOnionAddress(bytes.slice(32) as IdentityPublicKey);
    const parsed = parseOnionAddress(address);
    return parsed.ok ? ok({ form: 'public-key', publicKey: parsed.value, address }) : parsed;
  }
  const imported = importIdentity(bytes);
  if (!imported.ok) return imported;
  const { format, publicKey, address } = imported.value;
  return ok({ form: format, publicKey, address });
};
