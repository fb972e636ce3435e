import { inspect } from 'node:util';

/**
 * An onion address as it may be logged: the last four characters. They are checksum and version bits, 8 of
 * which say anything about the key, so a log does not tell services apart to an outsider but does to its operator.
 */
export const redactedOnion = (address: string): string => `…${address.slice(-4)}.onion`;

const FINGERPRINT = /\$?\b[0-9A-F]{40}\b(?:[~=]\w{1,19})?/gi;
const IPV4 = /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g;
const IPV6 = /\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:%\w+)?\]?(?::\d{1,5})?/gi;
const ONION = /\b[a-z2-7]{56}\b/gi;

/** What another program said, without addresses and relays: a guard's or a bridge's are nobody's business, and Tor names them. */
export const withoutPlaces = (text: string): string =>
  [ONION, FINGERPRINT, IPV4, IPV6].reduce((rest, place) => rest.replace(place, '…'), text);

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
