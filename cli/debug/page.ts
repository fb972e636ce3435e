import { request } from 'node:http';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';

/** The beginning of an HTTP answer. */
export interface Page {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value … as they arrived. */
  readonly headers: readonly string[];
  /** What arrived of the body, at most as much as was asked for. */
  readonly body: string;
}

/** What is asked for, and through what. */
export interface PageAddress {
  readonly agent: Agent;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Calls `end` with what the operator is told when `signal` fires; gives what takes that back. */
const onAbort = (signal: AbortSignal, end: (error: Error) => void): (() => void) => {
  const abort = (): void => {
    const reason: unknown = signal.reason;
    const isLate = reason instanceof Error && reason.name === 'TimeoutError';
    end(new Error(isLate ? 'no answer in time' : 'interrupted'));
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => {
    signal.removeEventListener('abort', abort);
  };
};

/** Connects for one GET; nothing is sent yet. Rejects with what the agent says, and when `signal` fires. */
export const openRequest = (
  { agent, host, port, path }: PageAddress,
  signal: AbortSignal,
): Promise<ClientRequest> =>
  new Promise((resolve, reject) => {
    const headers = { host, connection: 'close', accept: '*/*' };
    const opened = request({ protocol: 'http:', agent, host, port, path, headers });
    const settle = onAbort(signal, (error) => {
      // A request without a connection tells of its end only when the agent has given up.
      reject(error);
      opened.destroy(error);
    });
    // Stays for the request's life: later errors are also those of whoever reads the answer.
    opened.on('error', (error) => {
      settle();
      reject(error);
    });
    opened.once('socket', () => {
      settle();
      resolve(opened);
    });
  });

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
 * Sends an opened request and reads the answer until it ends or `maxBody` bytes are there. The connection is closed.
 * Rejects when it ends too early, when `signal` fires, and when what answers is no HTTP.
 */
export const fetchPage = (opened: ClientRequest, maxBody: number, signal: AbortSignal): Promise<Page> =>
  new Promise<Page>((resolve, reject) => {
    const settle = onAbort(signal, (error) => {
      reject(error);
      opened.destroy(error);
    });
    opened.on('close', settle);
    opened.on('error', (error) => {
      reject(plainReason(error));
    });
    opened.on('response', (response) => {
      readBody(response, maxBody)
        .then((body) => {
          const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = response;
          resolve({ status, reason, headers: rawHeaders, body });
        }, reject)
        .finally(() => opened.destroy());
    });
    opened.end();
  });
