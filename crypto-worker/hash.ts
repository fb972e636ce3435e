import { createHash } from 'node:crypto';

const digest = (name: string, parts: readonly Uint8Array[], outputLength?: number): Uint8Array => {
  const hash = createHash(name, outputLength === undefined ? undefined : { outputLength });
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

/** H of rend-spec-v3 §0.3: SHA3-256 over the concatenation of the parts, 32 bytes. */
export const sha3 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha3-256', parts);

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha256', parts);

export const sha512 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha512', parts);

/** KDF of rend-spec-v3 §0.3: SHAKE-256 over the concatenation of the parts. */
export const shake256 = (length: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  digest('shake256', parts, length);
