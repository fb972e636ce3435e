/** The beginning that an onion address shall have, and how rare it is. */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS = 5;
/** 50 bits: at 400,000 keys/s, 90 years. Nobody waits for more, and an address has room for it. */
const LONGEST = 10;

/** A prefix as the search compares it: with the y coordinate of a public key, which its bytes begin with. */
export interface VanityPrefix {
  readonly text: string;
  /** One key in this many has it. */
  readonly rarity: number;
  /** Of y, those bits that the prefix speaks of. */
  readonly mask: bigint;
  readonly value: bigint;
}

export type PrefixRefusal =
  | { readonly kind: 'length'; readonly longest: number }
  /** Characters that no onion address has, in the order of the text. */
  | { readonly kind: 'alphabet'; readonly foreign: string };

/**
 * Reads a prefix as an operator types it; upper case is taken for lower case, as with onion addresses.
 *
 * An address is base32 of the public key's bytes (rend-spec-v3 §6), bytes and their bits the highest first; the
 * public key is y, little endian (RFC 8032 §5.1.2). So a prefix fixes bits of the lowest bytes of y.
 */
export const parseVanityPrefix = (typed: string): VanityPrefix | PrefixRefusal => {
  const text = typed.toLowerCase();
  const foreign = [...new Set(text)].filter((character) => !ALPHABET.includes(character)).join('');
  if (foreign !== '') return { kind: 'alphabet', foreign };
  if (text === '' || text.length > LONGEST) return { kind: 'length', longest: LONGEST };
  let mask = 0n;
  let value = 0n;
  for (let bit = 0; bit < text.length * BITS; bit++) {
    const digit = ALPHABET.indexOf(text.charAt(Math.floor(bit / BITS)));
    const weight = 1n << BigInt(8 * (bit >> 3) + 7 - (bit & 7));
    mask |= weight;
    if (((digit >> (BITS - 1 - (bit % BITS))) & 1) === 1) value |= weight;
  }
  return { text, rarity: 2 ** (BITS * text.length), mask, value };
};
