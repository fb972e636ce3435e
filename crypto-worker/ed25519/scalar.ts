/**
 * Arithmetic on Ed25519 scalars (RFC 8032 §5.1). bigint arithmetic is not constant-time; nobody outside this
 * machine can time a pool thread finely enough, and whoever can run code here can read the key anyway.
 */

/** Order of the prime-order subgroup. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

export const scalarFromBytes = (littleEndian: Uint8Array): bigint => {
  let value = 0n;
  const view = new DataView(littleEndian.buffer, littleEndian.byteOffset, littleEndian.byteLength);
  for (let at = littleEndian.length - 8; at >= 0; at -= 8)
    value = (value << 64n) | view.getBigUint64(at, true);
  return value;
};

/** 32 bytes, little endian. */
export const scalarToBytes = (scalar: bigint): Uint8Array => {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < 32; at += 8)
    view.setBigUint64(at, (scalar >> BigInt(8 * at)) & 0xffff_ffff_ffff_ffffn, true);
  return bytes;
};

/** The scalar mod L: base-point tables take reduced scalars only. */
export const reducedScalar = (littleEndian: Uint8Array): bigint => scalarFromBytes(littleEndian) % L;

/** RFC 8032 §5.1.5: a multiple of 8 with bit 254 set. Returns a changed copy. */
export const clamp = (bytes: Uint8Array): Uint8Array => {
  const clamped = Uint8Array.from(bytes.subarray(0, 32));
  clamped[0] = (clamped[0] ?? 0) & 248;
  clamped[31] = ((clamped[31] ?? 0) & 63) | 64;
  return clamped;
};

export const isClamped = (bytes: Uint8Array): boolean =>
  ((bytes[0] ?? 0) & 7) === 0 && ((bytes[31] ?? 0) & 0xc0) === 0x40;
