/** A command as a Tor would read it: one line, and the body of a multi-line one with the dots taken off. */
export interface ReceivedCommand {
  /** In upper case, without '+'. */
  readonly keyword: string;
  /** The rest of the line, as it came. */
  readonly args: string;
  /** LF line ends; null for a one-line command. */
  readonly body: string | null;
}

const unstuff = (body: string): string =>
  body
    .split('\r\n')
    .map((line) => (line.startsWith('.') ? line.slice(1) : line))
    .join('\n');

const split = (line: string, body: string | null): ReceivedCommand => {
  const space = line.indexOf(' ');
  const keyword = space === -1 ? line : line.slice(0, space);
  return {
    keyword: keyword.replace('+', '').toUpperCase(),
    args: space === -1 ? '' : line.slice(space + 1),
    body,
  };
};

/** Cuts what a controller sends into commands. Written for the test, apart from the code that it tests. */
export class CommandReader {
  #pending = '';

  push(chunk: Buffer): ReceivedCommand[] {
    this.#pending += chunk.toString('latin1');
    const commands: ReceivedCommand[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) commands.push(next);
    return commands;
  }

  #next(): ReceivedCommand | null {
    const lineEnd = this.#pending.indexOf('\r\n');
    if (lineEnd === -1) return null;
    const line = this.#pending.slice(0, lineEnd);
    if (!line.startsWith('+')) {
      this.#pending = this.#pending.slice(lineEnd + 2);
      return split(line, null);
    }
    const rest = this.#pending.slice(lineEnd);
    const bodyEnd = rest.indexOf('\r\n.\r\n');
    if (bodyEnd === -1) return null;
    this.#pending = rest.slice(bodyEnd + 5);
    return split(line, unstuff(rest.slice(2, bodyEnd + 2)));
  }
}

/** Splits KEY=value and KEY="va lue" words as Tor's kvline_parse does with quoted values. */
export const keyValues = (args: string): { key: string; value: string | null }[] =>
  [...args.matchAll(/([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|(\S*)))?/g)].map(([, key, quoted, plain]) => ({
    key: key!,
    value: quoted === undefined ? (plain ?? null) : quoted.replace(/\\(.)/g, '$1'),
  }));
