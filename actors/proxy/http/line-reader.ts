const CR = 0x0d;
const LF = 0x0a;

/** A line that was read to its end. */
export interface ReadLine {
  readonly line: string;
  /** Offset behind the CRLF. */
  readonly next: number;
}

/**
 * Reads lines that end with CRLF out of pieces that split anywhere, CR and LF included. A bare LF or CR is refused.
 */
export class LineReader {
  #partial = '';

  /** Reads on in `chunk` from `from`; null when the line is not complete yet. */
  read(chunk: Buffer, from: number, longest: number): ReadLine | 'too-long' | 'bad-line-end' | null {
    const lf = chunk.indexOf(LF, from);
    const end = lf === -1 ? chunk.length : lf;
    if (this.#partial.length + end - from > longest + 1) return 'too-long';
    if (lf === -1) {
      this.#partial += chunk.toString('latin1', from, end);
      return this.#lostCr(this.#partial) ? 'bad-line-end' : null;
    }
    const text = this.#partial + chunk.toString('latin1', from, end);
    this.#partial = '';
    const last = text.length - 1;
    if (text.charCodeAt(last) !== CR || text.indexOf('\r') !== last) return 'bad-line-end';
    return { line: text.slice(0, last), next: end + 1 };
  }

  /** A CR anywhere but at the end can no longer be the one before the LF. */
  #lostCr(text: string): boolean {
    const cr = text.indexOf('\r');
    return cr !== -1 && cr !== text.length - 1;
  }
}
