import { createHash, hash as hashAtOnce } from 'node:crypto';

/** node:crypto's one-shot form takes half the time of an object for what fits in one piece. */
const digest = (name: string, parts: readonly Uint8Array[], outputLength?: number): Uint8Array => {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && outputLength === undefined) {
    return new Uint8Array(hashAtOnce(name, first, 'buffer'));
  }
  const hash = createHash(name, outputLength === undefined ? undefined : { outputLength });
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

/** H of rend-spec-v3 §0.3: SHA3-256 over the concatenation of the parts, 32 bytes. */
export const sha3 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha3-256', parts);

export const sha512 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha512', parts);

/** KDF of rend-spec-v3 §0.3: SHAKE-256 over the concatenation of the parts. */
export const shake256 = (length: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  digest('shake256', parts, length);

/** SHA-256 as base64 without padding, the form that a consensus' "m" lines have. */
export const sha256Base64 = (bytes: Uint8Array): string => hashAtOnce('sha256', bytes, 'base64').slice(0, 43);
