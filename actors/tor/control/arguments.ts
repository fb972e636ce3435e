import { decodeQuoted } from './quoting.js';
import type { WireText } from './wire-text.js';

/** The space-separated arguments of a reply or event line. */
export interface ReplyArguments {
  /** Words without a keyword, in order. */
  readonly positional: readonly WireText[];
  /** KEY=value and KEY="value", unquoted; the first wins where a key is repeated. */
  readonly keywords: ReadonlyMap<string, WireText>;
  /** True when a quote was never closed; the rest of the line is then the value. */
  readonly malformed: boolean;
}

/** Only this before a '=' is a keyword: `$FINGERPRINT=Nickname` (control-spec §2.4) is not. */
const KEYWORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The value that begins at `start`, and where it ends. */
const readValue = (text: WireText, start: number): { value: WireText; end: number; malformed: boolean } => {
  if (text[start] === '"') {
    const quoted = decodeQuoted(text, start);
    if (quoted !== null) return { ...quoted, malformed: false };
    return { value: text.slice(start) as WireText, end: text.length, malformed: true };
  }
  const space = text.indexOf(' ', start);
  const end = space === -1 ? text.length : space;
  return { value: text.slice(start, end) as WireText, end, malformed: false };
};

/** Where the value of a KEY=value word begins; null when the word at `start` has no keyword. */
const keywordEnd = (text: WireText, start: number): number | null => {
  const space = text.indexOf(' ', start);
  const word = text.slice(start, space === -1 ? text.length : space);
  const equals = word.indexOf('=');
  return equals > 0 && KEYWORD.test(word.slice(0, equals)) ? start + equals + 1 : null;
};

/**
 * Splits a line into its words (control-spec §4.1). Never throws: garbage gives odd words, not errors. The size of
 * the result is bounded by the line's, which the reply parser bounds.
 */
export const parseArguments = (text: WireText): ReplyArguments => {
  const positional: WireText[] = [];
  const keywords = new Map<string, WireText>();
  let malformed = false;
  let at = 0;
  while (at < text.length) {
    if (text[at] === ' ') {
      at += 1;
      continue;
    }
    const valueStart = keywordEnd(text, at);
    const read = readValue(text, valueStart ?? at);
    malformed ||= read.malformed;
    if (valueStart === null) positional.push(read.value);
    else {
      const key = text.slice(at, valueStart - 1);
      if (!keywords.has(key)) keywords.set(key, read.value);
    }
    at = read.end;
  }
  return { positional, keywords, malformed };
};
