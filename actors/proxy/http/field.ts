/** One header or trailer field as it came: obs-text bytes are one character each (latin1). */
export interface Field {
  /** In the spelling of the wire. */
  readonly name: string;
  readonly lower: string;
  /** Without the white space around it. */
  readonly value: string;
}

export type FieldFault = 'bad-field-line' | 'bad-field-value' | 'too-many-fields';

/** RFC 9110 §5.6.2. A space before the colon and a folded line (RFC 9112 §5.2) both fail it. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110 §5.5: HTAB, SP, VCHAR and obs-text; no NUL, no bare CR or LF. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export const isToken = (text: string): boolean => TOKEN.test(text);

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** The part of `text` between two offsets without optional white space at its ends. */
const trimmed = (text: string, from: number, to: number): string => {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
};

/**
 * Parses the field lines of a header or trailer section, strictly (RFC 9112 §5): what two parsers could read in
 * two ways is a fault, since request smuggling lives on that.
 *
 * @param text lines separated by CRLF, without the empty line at the end
 * @param from offset of the first field line
 */
export const parseFields = (text: string, from: number, maxFields: number): readonly Field[] | FieldFault => {
  const fields: Field[] = [];
  for (let start = from; start < text.length;) {
    const crlf = text.indexOf('\r\n', start);
    const end = crlf === -1 ? text.length : crlf;
    const colon = text.indexOf(':', start);
    if (colon === -1 || colon > end) return 'bad-field-line';
    const name = text.slice(start, colon);
    if (!TOKEN.test(name)) return 'bad-field-line';
    const value = trimmed(text, colon + 1, end);
    if (!FIELD_VALUE.test(value)) return 'bad-field-value';
    if (fields.length === maxFields) return 'too-many-fields';
    fields.push({ name, lower: name.toLowerCase(), value });
    start = end + 2;
  }
  return fields;
};

/** The elements of a comma-separated list of tokens, in lower case, empty ones left out. */
export const listElements = (value: string): readonly string[] =>
  value
    .split(',')
    .map((element) => element.trim().toLowerCase())
    .filter((element) => element !== '');
