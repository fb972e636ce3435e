/** Columns of Tor's multi-line base64 (encrypted blobs and certificates). */
const COLUMNS = 64;

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const encodeBase64 = (bytes: Uint8Array): string => view(bytes).toString('base64');

export const encodeBase64NoPadding = (bytes: Uint8Array): string => {
  const text = encodeBase64(bytes);
  const end = text.indexOf('=');
  return end < 0 ? text : text.slice(0, end);
};

/** Lines of 64 characters, each ended by a newline, as Tor's BASE64_ENCODE_MULTILINE writes them. */
export const encodeBase64Lines = (bytes: Uint8Array): string => {
  const text = encodeBase64(bytes);
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += COLUMNS) lines.push(text.slice(at, at + COLUMNS));
  return lines.map((line) => `${line}\n`).join('');
};

/**
 * Strict base64 (RFC 4648 §4): padding may be absent but must be right when present, and unused bits are zero.
 * So each value has at most two spellings. Anything else gives null. Newlines are not skipped here.
 */
export const decodeBase64 = (text: string): Uint8Array | null => {
  const match = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text);
  if (match === null) return null;
  const [, digits = '', padding = ''] = match;
  if (digits.length % 4 === 1 || (padding !== '' && text.length % 4 !== 0)) return null;
  const bytes = new Uint8Array(Buffer.from(digits, 'base64'));
  return encodeBase64NoPadding(bytes) === digits ? bytes : null;
};
