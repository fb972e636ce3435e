import { breaksLine, type WireText } from './wire-text.js';

/**
 * A value in double quotes with backslash and quote escaped. Tor reads it the same as a QuotedString
 * (AUTHENTICATE) and as a CString (SETCONF), since no other escape is used (control-spec §2.1.1).
 * Null when the value holds CR, LF or NUL: it cannot be sent on one line, and must not be tried.
 */
export const encodeQuoted = (value: WireText): WireText | null =>
  breaksLine(value) ? null : (`"${value.replace(/["\\]/g, (special) => `\\${special}`)}"` as WireText);

const NAMED_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Up to three octal digits, at most \377. */
const OCTAL = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/;

/** What follows a backslash at `at`: the character it stands for and how many characters it takes. */
const unescape = (text: string, at: number): { readonly value: string; readonly length: number } => {
  const octal = OCTAL.exec(text.slice(at, at + 3));
  if (octal !== null) return { value: String.fromCharCode(parseInt(octal[0], 8)), length: octal[0].length };
  const character = text.charAt(at);
  return { value: NAMED_ESCAPES[character] ?? character, length: 1 };
};

/**
 * Decodes the quoted string that begins at `start`, by the rule of control-spec §2.1.1 that reads both QuotedString
 * and CString: \n \r \t and octal are C escapes, a backslash before anything else stands for that character.
 * Returns the value and the index after the closing quote; null when there is no closing quote.
 */
export const decodeQuoted = (
  text: WireText,
  start = 0,
): { readonly value: WireText; readonly end: number } | null => {
  if (text[start] !== '"') return null;
  let value = '';
  let at = start + 1;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"') return { value: value as WireText, end: at + 1 };
    if (character === '\\') {
      if (at + 1 >= text.length) return null;
      const escaped = unescape(text, at + 1);
      value += escaped.value;
      at += 1 + escaped.length;
    } else {
      value += character;
      at += 1;
    }
  }
  return null;
};

/** A configuration value as GETCONF and CONF_CHANGED write it: raw, or as a CString where that could mislead. */
export const decodeConfigValue = (raw: WireText): WireText => {
  const quoted = decodeQuoted(raw);
  return quoted !== null && quoted.end === raw.length ? quoted.value : raw;
};
