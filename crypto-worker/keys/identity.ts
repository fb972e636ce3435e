import type { Ed25519Seed, ExpandedSecretKey, IdentityPublicKey } from '../brands.js';
import { expandSeed, publicKeyOf } from '../ed25519/expanded-key.js';
import type { IdentityKeys } from '../task-types.js';
import { encodeOnionAddress } from './onion-address.js';

/** Public key and address of a secret identity key. */
export const identityOf = (secret: ExpandedSecretKey): IdentityKeys => {
  const publicKey: Uint8Array = publicKeyOf(secret);
  return {
    secret,
    publicKey: publicKey as IdentityPublicKey,
    address: encodeOnionAddress(publicKey as IdentityPublicKey),
  };
};

/** A new identity from 32 random bytes. */
export const generateIdentity = (seed: Uint8Array): IdentityKeys =>
  identityOf(expandSeed(seed as Ed25519Seed));
