/** Writes the fields of a message, big endian, into one buffer of bounded size. */
export interface ByteWriter {
  u8(value: number): ByteWriter;
  u16(value: number): ByteWriter;
  u32(value: number): ByteWriter;
  /** 48 bits: milliseconds since the epoch until the year 10889. */
  u48(value: number): ByteWriter;
  /** 64 bits, of which a safe integer fills 53. */
  u64(value: number): ByteWriter;
  bytes(value: Uint8Array): ByteWriter;
  /** Bytes written so far. */
  length(): number;
  /** A copy of what was written. */
  done(): Uint8Array;
}

/** @throws RangeError when more than `capacity` bytes are written: a message that outgrew its datagram is a bug. */
export const byteWriter = (capacity: number): ByteWriter => {
  const buffer = new Uint8Array(capacity);
  const view = new DataView(buffer.buffer);
  let at = 0;
  const advance = (size: number): number => {
    const start = at;
    at += size;
    if (at > capacity) throw new RangeError(`a message outgrew its ${capacity} bytes`);
    return start;
  };
  const writer: ByteWriter = {
    u8: (value) => {
      view.setUint8(advance(1), value);
      return writer;
    },
    u16: (value) => {
      view.setUint16(advance(2), value);
      return writer;
    },
    u32: (value) => {
      view.setUint32(advance(4), value);
      return writer;
    },
    u48: (value) => writer.u16(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32),
    u64: (value) => writer.u32(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32),
    bytes: (value) => {
      buffer.set(value, advance(value.length));
      return writer;
    },
    length: () => at,
    done: () => buffer.slice(0, at),
  };
  return writer;
};
