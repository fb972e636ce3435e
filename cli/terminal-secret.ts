import { closeSync, openSync, read } from 'node:fs';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';

const TERMINAL = '/dev/tty';
const LONGEST = 4096;
const ENTER = new Set(['\r', '\n']);
const END = '\u0004';
const INTERRUPT = '\u0003';
const ERASE = new Set(['\u0008', '\u007f']);
const ERASE_LINE = '\u0015';

/** What a line is after one more character was typed. */
const typed = (line: readonly string[], character: string): readonly string[] => {
  if (ERASE.has(character)) return line.slice(0, -1);
  if (character === ERASE_LINE) return [];
  return line.length < LONGEST ? [...line, character] : line;
};

const openTerminal = (): ReadStream | null => {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(TERMINAL, 'r+');
    return new ReadStream(descriptor);
  } catch {
    if (descriptor !== null) closeSync(descriptor);
    return null;
  }
};

/**
 * Asks on the terminal, which need not be standard input, and shows nothing of what is typed. Null when there is no
 * terminal, and at ^C and ^D.
 */
export const askSecretOnTerminal = async (
  question: string,
  show: (text: string) => void,
): Promise<string | null> => {
  const terminal = openTerminal();
  if (terminal === null) return null;
  try {
    terminal.setRawMode(true).setEncoding('utf8');
    show(question);
    return await new Promise<string | null>((resolve) => {
      let line: readonly string[] = [];
      terminal.on('data', (text: string) => {
        for (const character of text) {
          if (ENTER.has(character)) {
            resolve(line.join(''));
            return;
          }
          if (character === INTERRUPT || character === END) {
            resolve(null);
            return;
          }
          line = typed(line, character);
        }
      });
      terminal.once('error', () => resolve(null));
      terminal.once('close', () => resolve(null));
    });
  } finally {
    terminal.setRawMode(false);
    terminal.destroy();
    show('\n');
  }
};

const readSome = promisify(read);

/** What comes by an inherited descriptor, `limit` bytes at most; null when it is not open, or cannot be read. */
export const readDescriptor = async (descriptor: number, limit: number): Promise<Uint8Array | null> => {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  try {
    while (length < limit) {
      const { bytesRead } = await readSome(descriptor, buffer, length, limit - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return new Uint8Array(buffer.subarray(0, length));
  } catch {
    return null;
  }
};
