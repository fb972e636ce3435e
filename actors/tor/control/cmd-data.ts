const CR = 13;
const LF = 10;
const DOT = 46;

/**
 * A document as the data section of a command (CmdData, control-spec §2.4): CRLF line ends, lines that begin with
 * a dot get a second one, and the closing line with a single dot. LF and CRLF are both taken as line ends; a last
 * line without an end gets one.
 */
export const encodeCmdData = (body: Uint8Array): Uint8Array => {
  // At worst every byte is a line end or a dot at the start of a line, and gains one byte.
  const out = new Uint8Array(body.length * 2 + 5);
  let length = 0;
  const line = (from: number, to: number): void => {
    if (body[from] === DOT && from < to) out[length++] = DOT;
    out.set(body.subarray(from, to), length);
    length += to - from;
    out[length++] = CR;
    out[length++] = LF;
  };
  let start = 0;
  while (start < body.length) {
    const lineFeed = body.indexOf(LF, start);
    const end = lineFeed === -1 ? body.length : lineFeed;
    line(start, lineFeed > start && body[end - 1] === CR ? end - 1 : end);
    start = end + 1;
  }
  out[length++] = DOT;
  out[length++] = CR;
  out[length++] = LF;
  return out.subarray(0, length);
};
