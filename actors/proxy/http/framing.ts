import type { Field } from './field.js';

/** How a message's body ends (RFC 9112 §6). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

export type FramingFault = 'bad-content-length' | 'bad-transfer-coding' | 'ambiguous-length';

export const NO_BODY: BodyFraming = { kind: 'none' };
const CHUNKED: BodyFraming = { kind: 'chunked' };
const UNTIL_CLOSE: BodyFraming = { kind: 'until-close' };

/** What a head says of its body: at most one of both is not null, or the message is refused. */
interface Declared {
  readonly length: number | null;
  readonly chunked: boolean;
}

/** 15 digits stay below 2^53: no rounding can make two parsers disagree. */
const DIGITS = /^\d{1,15}$/;

/**
 * RFC 9112 §6.1 and §6.3 leave a recipient some ways to repair a message with several lengths; all of them are
 * refused here, since what stands behind this proxy may repair it in another way (request smuggling).
 */
const declaredLength = (fields: readonly Field[], minor: 0 | 1): Declared | FramingFault => {
  let length: number | null = null;
  let chunked = false;
  for (const { lower, value } of fields) {
    if (lower === 'content-length') {
      if (length !== null) return 'ambiguous-length';
      if (!DIGITS.test(value)) return 'bad-content-length';
      length = Number(value);
    } else if (lower === 'transfer-encoding') {
      if (chunked || minor === 0 || value.toLowerCase() !== 'chunked') return 'bad-transfer-coding';
      chunked = true;
    }
  }
  return chunked && length !== null ? 'ambiguous-length' : { length, chunked };
};

/** The framing of a request's body; a request without either header has none. */
export const requestFraming = (fields: readonly Field[], minor: 0 | 1): BodyFraming | FramingFault => {
  const declared = declaredLength(fields, minor);
  if (typeof declared === 'string') return declared;
  if (declared.chunked) return CHUNKED;
  return declared.length === null || declared.length === 0
    ? NO_BODY
    : { kind: 'length', length: declared.length };
};

/** The framing of a response's body, which also depends on what was asked and on the status (RFC 9112 §6.3). */
export const responseFraming = (
  fields: readonly Field[],
  minor: 0 | 1,
  status: number,
  method: string,
): BodyFraming | FramingFault => {
  const declared = declaredLength(fields, minor);
  if (typeof declared === 'string') return declared;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY;
  if (declared.chunked) return CHUNKED;
  if (declared.length === null) return UNTIL_CLOSE;
  return declared.length === 0 ? NO_BODY : { kind: 'length', length: declared.length };
};
