const END_OF_HEAD = '\r\n\r\n';
const LF = 0x0a;
const CR = 0x0d;
const HTAB = 0x09;
const SPACE = 0x20;

/** The head of a message (latin1, without the empty line) and what came behind it. */
export interface CutHead {
  readonly text: string;
  readonly rest: Buffer;
}

/** Whether bytes that are not a whole head yet can still become one: CR and LF come in pairs, no other controls. */
const canBecomeHead = (bytes: Buffer): boolean => {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= SPACE || byte === HTAB) continue;
    if (byte === LF ? bytes[i - 1] !== CR : byte !== CR) return false;
    if (byte === CR && i + 1 < bytes.length && bytes[i + 1] !== LF) return false;
  }
  return true;
};

/** Collects bytes until they hold the whole head of a message. */
export class HeadBuffer {
  #bytes: Buffer | null = null;

  get isEmpty(): boolean {
    return this.#bytes === null;
  }

  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  append(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#bytes = this.#bytes === null ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** Takes all that was collected. */
  takeAll(): Buffer | null {
    const bytes = this.#bytes;
    this.#bytes = null;
    return bytes;
  }

  /** RFC 9112 §2.2: an empty line before a request line is passed over; only one, or it never ends. */
  skipEmptyLine(): void {
    const bytes = this.#bytes;
    if (bytes === null || bytes[0] !== CR || bytes[1] !== LF) return;
    this.#bytes = bytes.length === 2 ? null : bytes.subarray(2);
  }

  /**
   * Cuts a whole head off the front; null when it has not arrived yet.
   *
   * @param longest bytes of a head
   */
  cut(longest: number): CutHead | 'too-large' | 'malformed' | null {
    const bytes = this.#bytes;
    if (bytes === null) return null;
    const end = bytes.indexOf(END_OF_HEAD, 0, 'latin1');
    if (end > longest) return 'too-large';
    if (end === -1) {
      if (!canBecomeHead(bytes)) return 'malformed';
      return bytes.length > longest + END_OF_HEAD.length ? 'too-large' : null;
    }
    this.#bytes = null;
    return { text: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + END_OF_HEAD.length) };
  }
}
