import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** What a file is like, for the checks on secrets. */
export interface FileFacts {
  readonly bytes: Uint8Array;
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
  readonly uid: number;
}

class ReadError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/**
 * Reads a regular file of at most `maxBytes`, and what it is like, from one open file, so that nobody changes
 * the one between the check of the other. Rejects with a system `code`; EFBIG and EINVAL (no regular file: a FIFO
 * would never end) are ours.
 */
export const readFileFacts = async (path: string, maxBytes: number): Promise<FileFacts> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new ReadError('EISDIR');
    if (!stat.isFile()) throw new ReadError('EINVAL');
    const buffer = new Uint8Array(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length > maxBytes) throw new ReadError('EFBIG');
    }
    return { bytes: buffer.slice(0, length), mode: stat.mode & 0o7777, uid: stat.uid };
  } finally {
    await file.close();
  }
};

/** UTF-8 text of bytes; throws EILSEQ when they are none. */
export const decodeText = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ReadError('EILSEQ');
  }
};

/** Reads a regular file as UTF-8 text. */
export const readTextFile = async (path: string, maxBytes: number): Promise<string> =>
  decodeText((await readFileFacts(path, maxBytes)).bytes);
