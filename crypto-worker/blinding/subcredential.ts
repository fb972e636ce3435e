import type { BlindedPublicKey, IdentityPublicKey, Subcredential } from '../brands.js';
import { assertLength, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';

const CREDENTIAL = utf8('credential');
const SUBCREDENTIAL = utf8('subcredential');

/** N_hs_cred = H("credential" | public identity key), 32 bytes (rend-spec-v3 §2.1). */
export const credentialOf = (identity: IdentityPublicKey): Uint8Array => {
  assertLength(identity, 32, 'identity public key');
  return sha3(CREDENTIAL, identity);
};

/** N_hs_subcred = H("subcredential" | N_hs_cred | blinded public key), 32 bytes (rend-spec-v3 §2.1). */
export const subcredentialOf = (identity: IdentityPublicKey, blindedKey: BlindedPublicKey): Subcredential => {
  assertLength(blindedKey, 32, 'blinded public key');
  return sha3(SUBCREDENTIAL, credentialOf(identity), blindedKey) as Subcredential;
};
