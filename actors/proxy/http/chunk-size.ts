/**
 * The line before each chunk (RFC 9112 §7.1): hexadecimal size, then extensions, which are read over and not
 * passed on.
 */

/** 13 hexadecimal digits stay below 2^53. */
const CHUNK_LINE = /^([0-9a-fA-F]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;

/** Longest chunk line: nobody sends extensions in earnest, and each byte of one costs the sender nothing. */
export const LONGEST_CHUNK_LINE = 256;

/** The size that a chunk line gives, or null when it is malformed. `line` is latin1 without its CRLF. */
export const chunkSize = (line: string): number | null => {
  const digits = CHUNK_LINE.exec(line)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 16);
};
