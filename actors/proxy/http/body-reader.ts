import { LONGEST_CHUNK_LINE, chunkSize } from './chunk-size.js';
import { type Field, parseFields } from './field.js';
import type { BodyFraming } from './framing.js';
import { LineReader } from './line-reader.js';

/** Where a body's content goes. Neither may call back into the reader. */
export interface BodySink {
  bodyData(slice: Buffer): void;
  /** The body is complete; called once. */
  bodyEnd(trailers: readonly Field[]): void;
}

export interface BodyLimits {
  /** Bytes of a trailer section. */
  readonly maxHeaderBytes: number;
  readonly maxFields: number;
}

type State = 'data' | 'chunk-line' | 'chunk-data' | 'chunk-end' | 'trailers' | 'complete' | 'faulty';

const NO_TRAILERS: readonly Field[] = [];

/** Takes one message's body out of a stream of bytes and says exactly where it ends (RFC 9112 §6.3, §7.1). */
export class BodyReader {
  readonly #sink: BodySink;
  readonly #limits: BodyLimits;
  readonly #untilClose: boolean;
  readonly #lines = new LineReader();
  #state: State;
  /** Bytes left of the body (content-length) or of the chunk. */
  #left: number;
  #trailerText = '';

  /** A body of framing `none` is complete from the start; bodyEnd is then not called. */
  constructor(framing: BodyFraming, limits: BodyLimits, sink: BodySink) {
    this.#sink = sink;
    this.#limits = limits;
    this.#untilClose = framing.kind === 'until-close';
    this.#left = framing.kind === 'length' ? framing.length : this.#untilClose ? Number.POSITIVE_INFINITY : 0;
    this.#state = framing.kind === 'none' ? 'complete' : framing.kind === 'chunked' ? 'chunk-line' : 'data';
  }

  get complete(): boolean {
    return this.#state === 'complete';
  }

  /**
   * Reads on.
   *
   * @returns how many bytes of `chunk` belong to the body (fewer than all once it is complete), or null when its
   *   chunked coding is malformed
   */
  push(chunk: Buffer): number | null {
    let at = 0;
    while (at < chunk.length && this.#state !== 'complete') {
      const next = this.#step(chunk, at);
      if (next === null) {
        this.#state = 'faulty';
        return null;
      }
      at = next;
    }
    return at;
  }

  /** The sender has closed its side. @returns whether the body is complete with that. */
  senderClosed(): boolean {
    if (this.#state === 'data' && this.#untilClose) this.#end(NO_TRAILERS);
    return this.#state === 'complete';
  }

  #step(chunk: Buffer, at: number): number | null {
    switch (this.#state) {
      case 'data': {
        const next = this.#pass(chunk, at);
        if (this.#left === 0) this.#end(NO_TRAILERS);
        return next;
      }
      case 'chunk-data': {
        const next = this.#pass(chunk, at);
        if (this.#left === 0) this.#state = 'chunk-end';
        return next;
      }
      case 'chunk-line':
        return this.#chunkLine(chunk, at);
      case 'chunk-end':
        return this.#chunkEnd(chunk, at);
      case 'trailers':
        return this.#trailerLine(chunk, at);
      case 'complete':
        return at;
      case 'faulty':
        return null;
    }
  }

  #pass(chunk: Buffer, at: number): number {
    const take = Math.min(this.#left, chunk.length - at);
    this.#left -= take;
    this.#sink.bodyData(take === chunk.length ? chunk : chunk.subarray(at, at + take));
    return at + take;
  }

  #chunkLine(chunk: Buffer, at: number): number | null {
    const read = this.#lines.read(chunk, at, LONGEST_CHUNK_LINE);
    if (read === null) return chunk.length;
    if (typeof read === 'string') return null;
    const size = chunkSize(read.line);
    if (size === null) return null;
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'chunk-data';
    return read.next;
  }

  #chunkEnd(chunk: Buffer, at: number): number | null {
    const read = this.#lines.read(chunk, at, 0);
    if (read === null) return chunk.length;
    if (typeof read === 'string') return null;
    this.#state = 'chunk-line';
    return read.next;
  }

  #trailerLine(chunk: Buffer, at: number): number | null {
    const read = this.#lines.read(chunk, at, this.#limits.maxHeaderBytes - this.#trailerText.length);
    if (read === null) return chunk.length;
    if (typeof read === 'string') return null;
    if (read.line !== '') {
      this.#trailerText += this.#trailerText === '' ? read.line : `\r\n${read.line}`;
      return this.#trailerText.length > this.#limits.maxHeaderBytes ? null : read.next;
    }
    const trailers = parseFields(this.#trailerText, 0, this.#limits.maxFields);
    if (typeof trailers === 'string') return null;
    this.#end(trailers);
    return read.next;
  }

  #end(trailers: readonly Field[]): void {
    this.#state = 'complete';
    this.#sink.bodyEnd(trailers);
  }
}
