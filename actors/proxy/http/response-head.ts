import { type ConnectionOptions, connectionOptions, persists } from './connection-options.js';
import { type Field, type FieldFault, parseFields } from './field.js';
import { type BodyFraming, type FramingFault, responseFraming } from './framing.js';

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
  readonly framing: BodyFraming;
  readonly options: ConnectionOptions;
  /** The target keeps its connection open after this response. */
  readonly persists: boolean;
  /** `timeout=` of its Keep-Alive field, seconds: how long it will keep it open idle; null when it does not say. */
  readonly keepAliveSecs: number | null;
}

export type ResponseFault = FieldFault | FramingFault | 'bad-status-line' | 'head-too-large';

/** The space before an empty reason phrase is often left out; it changes nothing about where the line ends. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const KEEP_ALIVE_TIMEOUT = /(?:^|[,;\s])timeout=(\d{1,6})/i;

const keepAliveSecs = (fields: readonly Field[]): number | null => {
  const field = fields.find(({ lower }) => lower === 'keep-alive');
  const secs = field === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(field.value)?.[1];
  return secs === undefined ? null : Number(secs);
};

/**
 * Parses a response's head (RFC 9112 §4 to §6), strictly.
 *
 * @param text latin1, status line and field lines, without the empty line that ends the head
 * @param method of the request that it answers
 */
export const parseResponseHead = (
  text: string,
  method: string,
  maxFields: number,
): ResponseHead | ResponseFault => {
  const lineEnd = text.indexOf('\r\n');
  const line = STATUS_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd));
  if (line === null) return 'bad-status-line';
  const minor = line[1] === '1' ? 1 : 0;
  const status = Number(line[2]);
  const fields = lineEnd === -1 ? [] : parseFields(text, lineEnd + 2, maxFields);
  if (typeof fields === 'string') return fields;
  const framing = responseFraming(fields, minor, status, method);
  if (typeof framing === 'string') return framing;
  const options = connectionOptions(fields);
  return {
    status,
    reason: line[3] ?? '',
    minor,
    fields,
    framing,
    options,
    persists: persists(minor, options) && framing.kind !== 'until-close',
    keepAliveSecs: keepAliveSecs(fields),
  };
};
