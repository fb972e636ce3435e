/** One line of a control reply or event, with the data block that followed it (control-spec §2.3). */
export interface ControlLine {
  readonly text: string;
  /** Present after `NNN+…`: the dot-terminated block, unescaped, lines joined by `\n`. */
  readonly data?: string;
}

/** A whole reply or event: everything up to and including the line `NNN …`. */
export interface ControlMessage {
  readonly status: number;
  readonly lines: readonly ControlLine[];
}

interface Pending {
  status: number;
  lines: { text: string; data?: string }[];
  block: string[] | undefined;
}

/** Turns what a control port sends into messages. Chunks may end anywhere. */
export interface MessageReader {
  push(chunk: string): ControlMessage[];
}

export const messageReader = (): MessageReader => {
  let rest = '';
  let pending: Pending | undefined;

  const startLine = (line: string): ControlMessage | undefined => {
    const match = /^(\d{3})([ +-])(.*)$/s.exec(line);
    if (match === null) throw new Error(`not a line of the control protocol: ${line.slice(0, 80)}`);
    const [, digits = '', separator, text = ''] = match;
    const current: Pending = pending ?? { status: Number(digits), lines: [], block: undefined };
    pending = current;
    current.status = Number(digits);
    current.lines.push({ text });
    if (separator === '+') current.block = [];
    if (separator !== ' ') return undefined;
    pending = undefined;
    return { status: current.status, lines: current.lines };
  };

  const takeLine = (line: string): ControlMessage | undefined => {
    const block = pending?.block;
    if (pending === undefined || block === undefined) return startLine(line);
    if (line !== '.') {
      block.push(line.startsWith('.') ? line.slice(1) : line);
      return undefined;
    }
    const last = pending.lines.at(-1);
    if (last !== undefined) last.data = block.join('\n');
    pending.block = undefined;
    return undefined;
  };

  return {
    push: (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      return lines
        .map((line) => takeLine(line.endsWith('\r') ? line.slice(0, -1) : line))
        .filter((message) => message !== undefined);
    },
  };
};

/** A command's data block: CRLF line ends, leading dots doubled, closed by a dot (control-spec §2.2). */
export const dataBlock = (data: string): string => {
  const lines = data.split('\n').map((line) => (line.startsWith('.') ? `.${line}` : line));
  if (lines.at(-1) === '') lines.pop();
  return [...lines, '.'].join('\r\n');
};
