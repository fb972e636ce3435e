/**
 * Where each value of a TOML document stands. The TOML parser gives values without positions, and an operator
 * needs the line. It only ever sees documents that the parser accepted, so it finds its way by the marks alone
 * and answers "unknown" rather than fail.
 */
export type KeyPath = readonly (string | number)[];

/** Lines from 1, by path joined with NUL (no key can be confused with two). */
export type LineMap = ReadonlyMap<string, number>;

const pathKey = (path: KeyPath): string => path.join('\0');

/** The line of a path, or of the nearest table around it; null when nothing of it stands in the text. */
export const lineOf = (lines: LineMap, path: KeyPath): number | null => {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(pathKey(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return null;
};

/** Maps every key, table header and array element of a document to its line. */
export const mapLines = (text: string): LineMap => new Scanner(text).document();

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  /** How many tables each array of tables has so far. */
  readonly #tables = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  document(): LineMap {
    let table: KeyPath = [];
    for (;;) {
      this.#skipBlank();
      if (this.#at >= this.#text.length) return this.#lines;
      const before = this.#at;
      if (this.#text[this.#at] === '[') table = this.#header();
      else this.#keyValue(table);
      if (this.#at === before) this.#step();
    }
  }

  #step(): void {
    if (this.#text[this.#at] === '\n') this.#line++;
    this.#at++;
  }

  /** Steps over a mark, which holds no line end. */
  #take(mark: string): boolean {
    if (!this.#text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  /** White space, line ends and comments. */
  #skipBlank(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === '#') this.#skipUntil('\n');
      else if (character !== undefined && /\s|\uFEFF/.test(character)) this.#step();
      else return;
    }
  }

  #skipUntil(characters: string): void {
    while (this.#at < this.#text.length && !characters.includes(this.#text[this.#at] ?? '')) this.#step();
  }

  #note(path: KeyPath): void {
    const key = pathKey(path);
    if (!this.#lines.has(key)) this.#lines.set(key, this.#line);
  }

  /** Inside an array of tables a path goes on in the table that was opened last. */
  #resolve(keys: readonly string[]): KeyPath {
    const path: (string | number)[] = [];
    for (const key of keys) {
      path.push(key);
      const count = this.#tables.get(pathKey(path));
      if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  #header(): KeyPath {
    const line = this.#line;
    const isArray = this.#take('[[');
    if (!isArray) this.#take('[');
    const keys = this.#keys();
    this.#skipUntil('\n');
    if (isArray) {
      const path = [...this.#resolve(keys.slice(0, -1)), ...keys.slice(-1)];
      this.#tables.set(pathKey(path), (this.#tables.get(pathKey(path)) ?? 0) + 1);
    }
    const path = this.#resolve(keys);
    for (const known of [path, isArray ? path.slice(0, -1) : path]) {
      if (!this.#lines.has(pathKey(known))) this.#lines.set(pathKey(known), line);
    }
    return path;
  }

  /** A dotted key, up to `=` or `]`. */
  #keys(): readonly string[] {
    const keys: string[] = [];
    while (this.#at < this.#text.length) {
      this.#skipBlank();
      const character = this.#text[this.#at];
      if (character === '.') this.#step();
      else if (character === '"' || character === "'") keys.push(this.#quoted(character));
      else {
        const start = this.#at;
        this.#skipUntil('.=] \t\r\n"\'');
        if (this.#at === start) return keys;
        keys.push(this.#text.slice(start, this.#at));
      }
    }
    return keys;
  }

  #quoted(quote: string): string {
    const escapes = quote === '"';
    const closing = this.#take(quote.repeat(3)) ? quote.repeat(3) : quote;
    if (closing.length === 1) this.#step();
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#text.startsWith(closing, this.#at)) {
      if (escapes && this.#text[this.#at] === '\\') this.#step();
      this.#step();
    }
    const content = this.#text.slice(start, this.#at);
    this.#take(closing);
    // A multi-line text may end in up to two quotes of its own before the closing three.
    while (closing.length === 3 && this.#text[this.#at] === quote) this.#step();
    return content;
  }

  #keyValue(table: KeyPath): void {
    const line = this.#line;
    const keys = this.#keys();
    const path = [...table, ...keys];
    for (let length = table.length + 1; length <= path.length; length++) {
      const key = pathKey(path.slice(0, length));
      if (!this.#lines.has(key)) this.#lines.set(key, line);
    }
    this.#skipBlank();
    if (!this.#take('=')) return;
    this.#value(path);
  }

  #value(path: KeyPath): void {
    this.#skipBlank();
    this.#note(path);
    const character = this.#text[this.#at];
    if (character === '"' || character === "'") this.#quoted(character);
    else if (character === '[') this.#array(path);
    else if (character === '{') this.#inlineTable(path);
    else this.#skipUntil(',]}#\n');
  }

  #array(path: KeyPath): void {
    this.#step();
    for (let index = 0; ; index++) {
      this.#skipBlank();
      if (this.#at >= this.#text.length || this.#take(']')) return;
      const before = this.#at;
      this.#value([...path, index]);
      this.#skipBlank();
      this.#take(',');
      if (this.#at === before) return;
    }
  }

  #inlineTable(path: KeyPath): void {
    this.#step();
    for (;;) {
      this.#skipBlank();
      if (this.#at >= this.#text.length || this.#take('}')) return;
      const before = this.#at;
      this.#keyValue(path);
      this.#skipBlank();
      this.#take(',');
      if (this.#at === before) return;
    }
  }
}
