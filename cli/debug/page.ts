import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The beginning of an HTTP answer. */
export interface Page {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value … as they arrived. */
  readonly headers: readonly string[];
  /** What arrived of the body, at most as much as was asked for. */
  readonly body: string;
}

const readBody = async (response: IncomingMessage, most: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most).toString('utf8');
};

const plainReason = (error: NodeJS.ErrnoException): Error =>
  error.code?.startsWith('HPE_') === true ? new Error('what answers speaks no HTTP/1.1') : error;

/**
 * Sends one GET over a connection and reads the answer until it ends or `maxBody` bytes are there. The connection is
 * closed. Rejects when it ends too early, on silence of `timeoutMs`, or when what answers is no HTTP.
 */
export const fetchPage = (
  socket: Socket,
  host: string,
  path: string,
  maxBody: number,
  timeoutMs: number,
): Promise<Page> =>
  new Promise((resolve, reject) => {
    const headers = { host, connection: 'close', accept: '*/*' };
    const sent = request({ createConnection: () => socket, path, headers, timeout: timeoutMs });
    sent.on('timeout', () => {
      sent.destroy(new Error('no answer in time'));
    });
    sent.on('error', (error) => {
      reject(plainReason(error));
    });
    sent.on('response', (response) => {
      readBody(response, maxBody)
        .then((body) => {
          const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = response;
          resolve({ status, reason, headers: rawHeaders, body });
        }, reject)
        .finally(() => socket.destroy());
    });
    sent.end();
  });
