import type { IdentityPublicKey, TimePeriodLength, TimePeriodNumber } from '../brands.js';
import { clamp } from '../ed25519/scalar.js';
import { assertLength, concatBytes, uint64, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';

const BLIND_STRING = concatBytes(utf8('Derive temporary signing key'), Uint8Array.of(0));
const NONCE_PREFIX = utf8('key-blind');
/** The base point in decimal, exactly as rend-spec-v3 §A.2 writes it: these characters are hashed. */
const BASE_POINT = utf8(
  '(15112221349535400772501151409588531511454012693041857206046113283949847762202, ' +
    '46316835694926478169428394003475163141307993866256225615783033603165251855960)',
);

/** What a public key is blinded for. */
export interface Period {
  readonly number: TimePeriodNumber;
  readonly length: TimePeriodLength;
}

/** h of rend-spec-v3 §A.2 before clamping, 32 bytes. */
export const blindingParameter = (identity: IdentityPublicKey, period: Period): Uint8Array => {
  assertLength(identity, 32, 'identity public key');
  const nonce = concatBytes(NONCE_PREFIX, uint64(period.number), uint64(period.length));
  return sha3(BLIND_STRING, identity, BASE_POINT, nonce);
};

/** h, clamped, 32 bytes little endian. */
export const blindingFactor = (identity: IdentityPublicKey, period: Period): Uint8Array =>
  clamp(blindingParameter(identity, period));
