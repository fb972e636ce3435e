/**
 * What parsing and computing over outside bytes gives back: a value, or a code with a detail for people. Only
 * programmer errors (a buffer of the wrong size handed in by our own code) throw.
 */
export const CODES = [
  // keys and addresses
  'key.unknown-format',
  'key.bad-header',
  'key.not-clamped',
  'key.bad-point',
  'key.low-order-point',
  'key.degenerate-scalar',
  'address.bad-length',
  'address.bad-base32',
  'address.bad-version',
  'address.bad-checksum',
  // certificates
  'certificate.malformed',
  'certificate.wrong-type',
  'certificate.no-signing-key',
  'certificate.wrong-signing-key',
  'certificate.bad-signature',
  'certificate.expired',
  // descriptors
  'descriptor.too-large',
  'descriptor.malformed',
  'descriptor.wrong-version',
  'descriptor.wrong-key',
  'descriptor.bad-signature',
  'descriptor.bad-mac',
  'descriptor.client-authorization',
  'descriptor.too-many-introduction-points',
  'descriptor.no-introduction-points',
  'descriptor.bad-link-specifiers',
  // introduction points of peers
  'introduction-point.bad-key',
  'introduction-point.expired',
  'introduction-point.unknown-relay',
  // consensus
  'network.too-large',
  'network.malformed',
  'network.bad-parameter',
  'network.no-hsdirs',
  // revision counters
  'counter.not-found',
  'counter.out-of-range',
  // join handshakes
  'noise.refused',
  // the pool
  'task.unknown',
  'task.crashed',
] as const;

export type CryptoCode = (typeof CODES)[number];

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failure {
  readonly ok: false;
  readonly code: CryptoCode;
  /** One line for people: what was wrong and where. Never holds key material or an onion address. */
  readonly detail: string;
}

export type Result<T> = Ok<T> | Failure;

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

export const failure = (code: CryptoCode, detail: string): Failure => ({ ok: false, code, detail });
