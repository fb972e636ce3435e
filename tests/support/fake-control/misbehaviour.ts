import type { Socket } from 'node:net';

/** Ways to answer one command wrongly. */
export type Misbehaviour =
  /** Half of the reply, then the end of the connection. */
  | 'close-mid-reply'
  /** Half of the reply's first line, then nothing more whatever comes. */
  | 'half-a-line'
  /** Nothing from here on, the connection open: a Tor that was stopped. */
  | 'mute'
  /** A line that never ends. */
  | 'endless-line'
  /** A data section that never ends. */
  | 'endless-data'
  /** A reply whose status no Tor sends. */
  | 'unknown-status'
  /** Nothing, though commands that follow are answered. */
  | 'no-answer'
  /** The right reply, when answerLate() is called. */
  | 'late'
  /** Two replies to one command. */
  | 'twice'
  /** The end of the connection instead of a reply. */
  | 'close'
  /** These bytes instead of the reply. */
  | { readonly raw: string };

interface Means {
  readonly write: (socket: Socket, text: string) => void;
  /** Keeps an answer for later. */
  readonly holdBack: (answer: () => void) => void;
  /** From here on no command is even read. */
  readonly mute: () => void;
}

const CHUNK_OF_GARBAGE = 'x'.repeat(64 * 1024);

/** Writes garbage as fast as it is taken, until the connection ends. */
const flood = (socket: Socket, head: string): void => {
  socket.write(head);
  const more = (): void => {
    if (!socket.destroyed) socket.write(CHUNK_OF_GARBAGE, more);
  };
  more();
};

/** Answers a command wrongly, where `reply` would have been right. */
export const misanswer = (
  socket: Socket,
  how: Misbehaviour,
  reply: string,
  { write, holdBack, mute }: Means,
): void => {
  if (typeof how === 'object') {
    write(socket, how.raw);
    return;
  }
  switch (how) {
    case 'close-mid-reply':
      write(socket, reply.slice(0, Math.max(1, reply.length >> 1)));
      socket.end();
      return;
    case 'half-a-line':
      write(socket, reply.slice(0, 3));
      mute();
      return;
    case 'mute':
      mute();
      return;
    case 'endless-line':
      flood(socket, '250-');
      return;
    case 'endless-data':
      flood(socket, '250+md/all=\r\n');
      return;
    case 'unknown-status':
      write(socket, '999 What\r\n');
      return;
    case 'no-answer':
      return;
    case 'late':
      holdBack(() => write(socket, reply));
      return;
    case 'twice':
      write(socket, reply + reply);
      return;
    case 'close':
      socket.end();
  }
};
