/**
 * Datagrams on a stream: two bytes of length (big-endian), then as many bytes. Length 0 says only that the stream is
 * in use.
 */
const HEADER_BYTES = 2;
/** What the length has room for. */
const LONGEST_FRAME = 0xffff;

/** The frame around at most 65,535 bytes. */
export const encodeFrame = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > LONGEST_FRAME) throw new RangeError('a frame holds at most 65535 bytes');
  const frame = new Uint8Array(HEADER_BYTES + bytes.length);
  frame[0] = bytes.length >> 8;
  frame[1] = bytes.length & 0xff;
  frame.set(bytes, HEADER_BYTES);
  return frame;
};

/** What a chunk completed. */
export interface ReadFrames {
  /** Each with bytes of its own. */
  readonly frames: readonly Uint8Array[];
  /** A longer frame than allowed was announced: where the next one begins is not worth reading that far. */
  readonly tooLong: boolean;
}

/** Cuts a stream into frames. Holds at most one frame and its header. */
export class FrameReader {
  readonly #longest: number;
  #pending: Uint8Array = new Uint8Array();
  #broken = false;

  constructor(longest: number) {
    this.#longest = longest;
  }

  push(chunk: Uint8Array): ReadFrames {
    const frames: Uint8Array[] = [];
    let rest: Uint8Array = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (!this.#broken && rest.length >= HEADER_BYTES) {
      const length = ((rest[0] ?? 0) << 8) | (rest[1] ?? 0);
      if (length > this.#longest) {
        this.#broken = true;
        break;
      }
      if (rest.length < HEADER_BYTES + length) break;
      frames.push(Uint8Array.from(rest.subarray(HEADER_BYTES, HEADER_BYTES + length)));
      rest = rest.subarray(HEADER_BYTES + length);
    }
    this.#pending = this.#broken ? new Uint8Array() : Uint8Array.from(rest);
    return { frames, tooLong: this.#broken };
  }
}
