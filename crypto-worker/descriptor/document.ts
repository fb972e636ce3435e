/** The line format that Tor's documents share (dir-spec §1.2): keyword, arguments, perhaps an object. */
import { decodeBase64, encodeBase64Lines } from '../encoding/base64.js';
import { type Failure, type Result, failure, ok } from '../result.js';

export interface DocumentObject {
  readonly label: string;
  readonly body: Uint8Array;
}

export interface Item {
  readonly keyword: string;
  /** The words after the keyword. */
  readonly words: readonly string[];
  readonly object: DocumentObject | null;
  /** Where the item's first line starts in the text. */
  readonly start: number;
}

const PRINTABLE_LINE = /^[!-~](?: ?[!-~])*$/;
const KEYWORD = /^[A-Za-z0-9-]+$/;
const BEGIN_LINE = /^-----BEGIN ([A-Z0-9 ]{1,40})-----$/;

/** Renders an object: PEM-like armour around lines of 64 columns, without a newline after the last line. */
export const encodeObject = (label: string, body: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${encodeBase64Lines(body)}-----END ${label}-----`;

export const malformedDocument = (detail: string): Failure => failure('descriptor.malformed', detail);

interface ReadObject {
  readonly object: DocumentObject | null;
  readonly nextLine: number;
}

const readObject = (lines: readonly string[], at: number): Result<ReadObject> => {
  const label = BEGIN_LINE.exec(lines[at] ?? '')?.[1];
  if (label === undefined) return ok({ object: null, nextLine: at });
  const end = lines.indexOf(`-----END ${label}-----`, at + 1);
  if (end < 0) return malformedDocument(`line ${at + 1}: the object has no end`);
  const body = decodeBase64(lines.slice(at + 1, end).join(''));
  if (body === null) return malformedDocument(`line ${at + 1}: the object is not base64`);
  return ok({ object: { label, body }, nextLine: end + 1 });
};

/**
 * Splits a document into items. Only printable ASCII, words parted by one space, newlines alone as line ends;
 * the last newline may be missing (rend-spec-v3 §2.5.1.2). The caller has bounded the size.
 */
export const parseDocument = (text: string): Result<readonly Item[]> => {
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  const items: Item[] = [];
  let start = 0;
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? '';
    const [keyword = '', ...words] = line.split(' ');
    if (!PRINTABLE_LINE.test(line) || !KEYWORD.test(keyword))
      return malformedDocument(`line ${at + 1} is no item`);
    const read = readObject(lines, at + 1);
    if (!read.ok) return read;
    items.push({ keyword, words, object: read.value.object, start });
    for (; at < read.value.nextLine; at++) start += (lines[at] ?? '').length + 1;
  }
  return ok(items);
};

/** How often a keyword may stand, and what must come with it. */
export interface ItemRule {
  readonly keyword: string;
  readonly least: number;
  readonly most: number;
  /** Fewest words after the keyword. */
  readonly words: number;
  /** Label of the object that must follow; null where none may. */
  readonly object: string | null;
}

/** Checks items against rules; keywords without a rule are left to the future and pass. */
export const checkItems = (items: readonly Item[], rules: readonly ItemRule[]): Failure | null => {
  for (const rule of rules) {
    const found = items.filter((item) => item.keyword === rule.keyword);
    if (found.length < rule.least || found.length > rule.most) {
      return malformedDocument(`"${rule.keyword}" stands ${found.length} times`);
    }
    for (const item of found) {
      if (item.words.length < rule.words) return malformedDocument(`"${rule.keyword}" has too few words`);
      if ((item.object?.label ?? null) !== rule.object)
        return malformedDocument(`"${rule.keyword}" has a wrong object`);
    }
  }
  return null;
};

export const firstItem = (items: readonly Item[], keyword: string): Item | null =>
  items.find((item) => item.keyword === keyword) ?? null;

/** A word of the first item with that keyword; '' when it is not there (checkItems has made sure that it is). */
export const wordOf = (items: readonly Item[], keyword: string, position = 0): string =>
  firstItem(items, keyword)?.words[position] ?? '';

/** The object's bytes of the first item with that keyword. */
export const objectOf = (items: readonly Item[], keyword: string): Uint8Array =>
  firstItem(items, keyword)?.object?.body ?? new Uint8Array();
