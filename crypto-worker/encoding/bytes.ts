/** Small helpers over bytes. Whatever they return owns its buffer, so that a clone to another thread copies no more than the value. */

const encoder = new TextEncoder();

/** ASCII or UTF-8 text as bytes. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Bytes as text, one character a byte: lossless for any input, and ASCII for everything Tor writes. */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** Text of one-byte characters as bytes, the inverse of latin1(). */
export const fromLatin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
};

/** INT_8 of the specifications: unsigned, 8 bytes, big endian. Takes safe integers and bigints below 2^64. */
export const uint64 = (value: number | bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};

/** Equality of public bytes; it returns early and must not be used on secrets. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && Buffer.compare(a, b) === 0;

/** Order of public bytes, for sorting. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

/** Bytes as a key of maps and sets: lower-case hexadecimal. */
export const bytesKey = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export const isAllZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

export const upperHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();

/** Hexadecimal digits of either case as bytes, or null when the text is anything else. */
export const fromHex = (text: string): Uint8Array | null =>
  text.length % 2 === 0 && /^[0-9A-Fa-f]*$/.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : null;

/** Guards our own calls: a buffer of the wrong size is a programmer's error, never an outside one. */
export const assertLength = (bytes: Uint8Array, length: number, name: string): void => {
  if (bytes.length !== length) throw new TypeError(`${name} must be ${length} bytes, not ${bytes.length}`);
};
