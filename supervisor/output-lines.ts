/** Cuts a stream of text into lines, each bounded: what writes without line ends must not fill our memory. */
export interface LineCutter {
  push(chunk: string): readonly string[];
  /** What stands after the last line end; null when nothing does. */
  rest(): string | null;
}

export const lineCutter = (longest: number): LineCutter => {
  let open = '';
  return {
    push: (chunk) => {
      const lines = (open + chunk).split('\n');
      open = (lines.pop() ?? '').slice(0, longest);
      return lines.map((line) => line.replace(/\r$/, '').slice(0, longest)).filter((line) => line !== '');
    },
    rest: () => (open === '' ? null : open),
  };
};
