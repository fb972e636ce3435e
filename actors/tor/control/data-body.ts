const CR = 13;
const LF = 10;
const DOT = 46;
const LINE_END = Uint8Array.of(LF);
const CARRIAGE_RETURN = Uint8Array.of(CR);

/** Most bodies are short (a descriptor, a circuit list); it doubles, so 12 MB cost ten copies of what is there. */
const FIRST_CAPACITY = 16 * 1024;

type Position = 'line-start' | 'after-dot' | 'after-dot-cr' | 'in-line' | 'after-cr';
export type DataBodyState = 'more' | 'ended' | 'bare-line-feed' | 'too-large';

/**
 * Decodes one CmdData section (control-spec §2.4) as it arrives: CRLF becomes LF, one leading dot of a line goes,
 * a line of a single dot ends it. Every line of the result ends in LF, the last too: Tor adds a line end where
 * the value had none, so that the two cannot be told apart. All other bytes stay as they are.
 */
export class DataBody {
  state: DataBodyState = 'more';
  #position: Position = 'line-start';
  #out: Buffer;
  #length = 0;
  readonly #maxBytes: number;
  readonly #keep: boolean;

  /** With keep false the section is only measured and skipped, for events whose body nobody reads. */
  constructor(maxBytes: number, keep: boolean) {
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#out = Buffer.allocUnsafe(keep ? FIRST_CAPACITY : 0);
  }

  get length(): number {
    return this.#length;
  }

  /** Takes bytes from `from` on; returns the index after the last one it used. `state` tells why it stopped. */
  consume(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.state === 'more') at = this.#step(chunk, at);
    return at;
  }

  /**
   * The decoded bytes; null when they were skipped. The buffer is of exactly their size, since a view on a larger
   * one takes all of it along when it crosses threads.
   */
  take(): Uint8Array | null {
    return this.#keep ? new Uint8Array(this.#out.subarray(0, this.#length)) : null;
  }

  #step(chunk: Buffer, at: number): number {
    const byte = chunk[at];
    switch (this.#position) {
      case 'line-start':
        if (byte !== DOT) return this.#inLine(chunk, at);
        this.#position = 'after-dot';
        return at + 1;
      case 'after-dot':
        if (byte !== CR) return this.#inLine(chunk, at);
        this.#position = 'after-dot-cr';
        return at + 1;
      case 'after-dot-cr':
        if (byte !== LF) return this.#heldCarriageReturn(chunk, at);
        this.state = 'ended';
        return at + 1;
      case 'after-cr':
        if (byte !== LF) return this.#heldCarriageReturn(chunk, at);
        this.#append(LINE_END, 0, 1);
        this.#position = 'line-start';
        return at + 1;
      case 'in-line':
        return this.#inLine(chunk, at);
    }
  }

  #heldCarriageReturn(chunk: Buffer, at: number): number {
    this.#append(CARRIAGE_RETURN, 0, 1);
    return this.state === 'more' ? this.#inLine(chunk, at) : at;
  }

  #inLine(chunk: Buffer, at: number): number {
    this.#position = 'in-line';
    const lineFeed = chunk.indexOf(LF, at);
    if (lineFeed === at || (lineFeed > at && chunk[lineFeed - 1] !== CR)) {
      // Tor must not generate LF instead of CRLF (control-spec §2.1): this is not Tor, or not in step.
      this.#append(chunk, at, lineFeed);
      if (this.state === 'more') this.state = 'bare-line-feed';
      return lineFeed;
    }
    if (lineFeed > at) {
      this.#append(chunk, at, lineFeed - 1);
      this.#append(LINE_END, 0, 1);
      this.#position = 'line-start';
      return lineFeed + 1;
    }
    const heldBack = chunk[chunk.length - 1] === CR;
    this.#append(chunk, at, chunk.length - (heldBack ? 1 : 0));
    if (heldBack) this.#position = 'after-cr';
    return chunk.length;
  }

  #append(source: Uint8Array, from: number, to: number): void {
    const length = this.#length + (to - from);
    if (length > this.#maxBytes) {
      this.state = 'too-large';
      return;
    }
    if (this.#keep) {
      this.#grow(length);
      this.#out.set(source.subarray(from, to), this.#length);
    }
    this.#length = length;
  }

  #grow(needed: number): void {
    if (needed <= this.#out.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(needed, Math.min(this.#out.length * 2, this.#maxBytes)));
    this.#out.copy(bigger, 0, 0, this.#length);
    this.#out = bigger;
  }
}
