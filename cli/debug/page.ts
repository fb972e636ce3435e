import type { Socket } from 'node:net';

/** The beginning of an HTTP answer. */
export interface Page {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
  /** What arrived of the body, at most as much as was asked for. */
  readonly body: string;
}

const LONGEST_HEAD = 65_536;

const parse = (answer: Buffer): Page | null => {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first = '', ...headers] = answer.subarray(0, end).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first);
  if (match === null) throw new Error('what answers speaks no HTTP/1.1');
  return {
    status: Number(match[1]),
    reason: match[2] ?? '',
    headers,
    body: answer.subarray(end + 4).toString('utf8'),
  };
};

/**
 * Sends one GET over a connection and reads the answer until it ends or `maxBody` bytes are there. The connection is
 * closed. Rejects when it ends before the headers do, on silence of `timeoutMs`, or when what answers is no HTTP.
 */
export const fetchPage = (
  socket: Socket,
  host: string,
  path: string,
  maxBody: number,
  timeoutMs: number,
): Promise<Page> =>
  new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const end = (error?: Error): void => {
      socket.destroy();
      try {
        const page = parse(answer);
        if (page !== null) resolve({ ...page, body: page.body.slice(0, maxBody) });
        else reject(error ?? new Error('the connection ended before an answer was complete'));
      } catch (violation) {
        reject(violation as Error);
      }
    };
    socket.setTimeout(timeoutMs, () => {
      end(new Error('no answer in time'));
    });
    socket.on('data', (data: Buffer) => {
      answer = Buffer.concat([answer, data]);
      const head = answer.indexOf('\r\n\r\n');
      if (head === -1 ? answer.length > LONGEST_HEAD : answer.length - head - 4 >= maxBody) end();
    });
    socket.on('end', () => {
      end();
    });
    socket.on('error', end);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nAccept: */*\r\n\r\n`);
  });
