import type { RequestHead } from './request-head.js';

/** A request that is kept back until its body is whole, since it may be for this node and not for the target. */
export class HeldRequest {
  readonly head: RequestHead;
  /** Monotonic, ms. */
  readonly sinceMs: number;
  readonly #bodyBytes: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(head: RequestHead, bodyBytes: number, sinceMs: number) {
    this.head = head;
    this.sinceMs = sinceMs;
    this.#bodyBytes = bodyBytes;
  }

  /** Bytes behind the head that have come so far, those of requests that are sent ahead among them. */
  get length(): number {
    return this.#length;
  }

  get isWhole(): boolean {
    return this.#length >= this.#bodyBytes;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The body; call when it is whole. */
  body(): Buffer {
    return this.everything().subarray(0, this.#bodyBytes);
  }

  /** What stands behind the body. */
  ahead(): Buffer {
    return this.everything().subarray(this.#bodyBytes);
  }

  /** All that came, as it came. */
  everything(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
