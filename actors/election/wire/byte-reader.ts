/** Thrown and caught inside the decoders only: what they return to others is a value or null. */
export class Malformed extends Error {}

/** Reads big-endian fields and refuses to read past the end. Every byte must be consumed: see `finish`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #advance(size: number): number {
    const start = this.#at;
    if (start + size > this.#bytes.length) throw new Malformed();
    this.#at = start + size;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u48(): number {
    return this.u16() * 2 ** 32 + this.u32();
  }

  /** Refuses what a double cannot hold exactly. */
  u64(): number {
    const value = this.u32() * 2 ** 32 + this.u32();
    if (!Number.isSafeInteger(value)) throw new Malformed();
    return value;
  }

  /** A copy, so that a kept field does not keep the whole datagram. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.slice(start, start + length);
  }

  /** All that has not been read yet. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  /** A number within bounds, both included. */
  within(value: number, lowest: number, highest: number): number {
    if (value < lowest || value > highest) throw new Malformed();
    return value;
  }

  /** Trailing bytes are refused: what is new comes as a new message type, which older nodes ignore. */
  finish(): void {
    if (this.#at !== this.#bytes.length) throw new Malformed();
  }
}

/** Runs a decoder over bytes; null for whatever is not exactly one well-formed value. Never throws on bad input. */
export const decodeWith = <T>(bytes: Uint8Array, decode: (reader: ByteReader) => T): T | null => {
  const reader = new ByteReader(bytes);
  try {
    const value = decode(reader);
    reader.finish();
    return value;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};
