import { inspect } from 'node:util';

/**
 * An onion address as it may be logged: the last four characters. They are checksum and version bits, 8 of
 * which say anything about the key, so a log does not tell services apart to an outsider but does to its operator.
 */
export const redactedOnion = (address: string): string => `…${address.slice(-4)}.onion`;

/** Bytes that no log, error, dump or JSON can show. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes themselves: call it where they are used, and keep the result nowhere. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
