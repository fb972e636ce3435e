const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS = 5;

/** Lower-case base32 without padding (RFC 4648 §6), for lengths that are multiples of 5 bytes. */
export const encodeBase32 = (bytes: Uint8Array): string => {
  if (bytes.length % 5 !== 0) throw new TypeError('base32 here takes multiples of 5 bytes');
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= BITS) {
      bits -= BITS;
      text += ALPHABET.charAt((buffer >> bits) & 31);
    }
  }
  return text;
};

/**
 * The inverse. Lengths that are multiples of 8 characters leave no spare bits, so each text has one reading;
 * upper case, padding and foreign characters give null.
 */
export const decodeBase32 = (text: string): Uint8Array | null => {
  if (text.length % 8 !== 0) return null;
  const bytes = new Uint8Array((text.length * BITS) / 8);
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return null;
    buffer = ((buffer << BITS) | value) & 0xfff;
    bits += BITS;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (buffer >> bits) & 0xff;
    }
  }
  return bytes;
};
