import { type ConnectionOptions, connectionOptions, persists } from './connection-options.js';
import { type Field, type FieldFault, isToken, parseFields } from './field.js';
import { type BodyFraming, type FramingFault, requestFraming } from './framing.js';
import { mayBeAskedFor } from './upgrade.js';

/** A request as far as this proxy looks at it. */
export interface RequestHead {
  readonly method: string;
  /** Origin form (`/path?query`), or `*` of OPTIONS. */
  readonly path: string;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
  readonly framing: BodyFraming;
  readonly options: ConnectionOptions;
  /** The client keeps its connection open after the response. */
  readonly persists: boolean;
  /** The protocols to one of which the client asks to change, as it wrote them; null when it does not, or must not. */
  readonly upgrade: string | null;
  readonly expectsContinue: boolean;
}

export type RequestFault =
  | FieldFault
  | FramingFault
  | 'bad-request-line'
  | 'bad-version'
  | 'bad-target'
  | 'bad-host'
  | 'bad-expectation'
  | 'connect-refused'
  | 'head-too-large';

export const FAULT_STATUS: Readonly<Record<RequestFault, number>> = {
  'bad-field-line': 400,
  'bad-field-value': 400,
  'too-many-fields': 431,
  'bad-content-length': 400,
  'bad-transfer-coding': 400,
  'ambiguous-length': 400,
  'bad-request-line': 400,
  'bad-version': 505,
  'bad-target': 400,
  'bad-host': 400,
  'bad-expectation': 417,
  'connect-refused': 405,
  'head-too-large': 431,
};

const REQUEST_LINE = /^(\S+) ([\x21\x22\x24-\x7e]+) HTTP\/(\d)\.(\d)$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)(.*)$/i;
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::\d{0,5})?$/;

/** Origin form of any request target (RFC 9112 §3.2); null when it is none. */
const originForm = (target: string, method: string): string | null => {
  if (target.startsWith('/')) return target;
  if (target === '*') return method === 'OPTIONS' ? target : null;
  const absolute = ABSOLUTE_FORM.exec(target);
  const authority = absolute?.[1];
  if (!authority || !AUTHORITY.test(authority)) return null;
  const rest = absolute[2] ?? '';
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
};

/** RFC 9112 §3.2: exactly one Host in HTTP/1.1, at most one in 1.0, and it must be an authority. */
const hostIsGood = (fields: readonly Field[], minor: 0 | 1): boolean => {
  let hosts = 0;
  for (const { lower, value } of fields) {
    if (lower !== 'host') continue;
    hosts++;
    if (!AUTHORITY.test(value)) return false;
  }
  return hosts === 1 || (hosts === 0 && minor === 0);
};

const fieldValue = (fields: readonly Field[], lower: string): string | null =>
  fields.find((field) => field.lower === lower)?.value ?? null;

const upgradeOf = (
  fields: readonly Field[],
  minor: 0 | 1,
  options: ConnectionOptions,
  framing: BodyFraming,
): string | null => {
  if (!options.upgrade || minor === 0 || framing.kind !== 'none') return null;
  // Of several fields the first alone goes on.
  const protocols = fieldValue(fields, 'upgrade');
  return protocols !== null && mayBeAskedFor(protocols) ? protocols : null;
};

/**
 * Parses a request's head (RFC 9112 §3, §5 and §6), strictly.
 *
 * @param text latin1, request line and field lines, without the empty line that ends the head
 */
export const parseRequestHead = (text: string, maxFields: number): RequestHead | RequestFault => {
  const lineEnd = text.indexOf('\r\n');
  const line = REQUEST_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd));
  const [, method = '', target = '', major, minorDigit] = line ?? [];
  if (line === null || !isToken(method)) return 'bad-request-line';
  if (major !== '1' || (minorDigit !== '0' && minorDigit !== '1')) return 'bad-version';
  if (method === 'CONNECT') return 'connect-refused';
  const minor = minorDigit === '1' ? 1 : 0;
  const path = originForm(target, method);
  if (path === null) return 'bad-target';
  const fields = lineEnd === -1 ? [] : parseFields(text, lineEnd + 2, maxFields);
  if (typeof fields === 'string') return fields;
  if (!hostIsGood(fields, minor)) return 'bad-host';
  const framing = requestFraming(fields, minor);
  if (typeof framing === 'string') return framing;
  // RFC 9110 §10.1.1: an expectation of an HTTP/1.0 client is ignored.
  const expectation = minor === 1 ? fieldValue(fields, 'expect') : null;
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') return 'bad-expectation';
  const options = connectionOptions(fields);
  return {
    method,
    path,
    minor,
    fields,
    framing,
    options,
    persists: persists(minor, options),
    upgrade: upgradeOf(fields, minor, options, framing),
    expectsContinue: expectation !== null && framing.kind !== 'none',
  };
};

/** Methods that may be sent a second time when nobody answered the first (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PROPFIND', 'REPORT']);

/** Whether the request may be sent again: idempotent, and nothing of a body has gone by. */
export const isRepeatable = (head: RequestHead): boolean =>
  head.framing.kind === 'none' && IDEMPOTENT.has(head.method);

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether another target may be asked although the first one may have worked on it already. */
export const isSafe = (head: RequestHead): boolean => head.framing.kind === 'none' && SAFE.has(head.method);
