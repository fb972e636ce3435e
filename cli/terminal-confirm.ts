import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/**
 * Asks a yes-or-no question, on two ends of a terminal.
 *
 * @param enterMeans the answer of a line with nothing in it
 */
export const confirmOn = async (
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  question: string,
  enterMeans: boolean,
): Promise<boolean> => {
  const lines = createInterface({ input, output });
  try {
    // At ^D a question is never answered, and at ^C it is rejected: both say no, whatever Enter means.
    const closed = once(lines, 'close').then(() => null);
    const asked = lines.question(`${question} ${enterMeans ? '[Y/n]' : '[y/N]'} `).catch(() => null);
    const answer = (await Promise.race([asked, closed]))?.trim();
    return answer === '' ? enterMeans : /^y(es)?$/i.test(answer ?? '');
  } finally {
    lines.close();
  }
};
