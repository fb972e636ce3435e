import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { rbError } from '../../kernel/errors.js';
import { openSocksStream } from '../../kernel/socks-stream.js';
import type { StreamAddress } from '../../kernel/stream-address.js';

const answerOf = (stream: Duplex, url: URL, body: string, signal: AbortSignal): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(
      {
        method: 'POST',
        path: `${url.pathname}${url.search}`,
        createConnection: () => stream,
        headers: {
          Host: url.host,
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          Connection: 'close',
        },
        signal,
      },
      (response) => {
        // Only the status counts; a body of any length is not read.
        response.destroy();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });

/**
 * Posts to an onion service through Tor's SOCKS port, over circuits of its own. There is no other way out: without Tor it
 * fails, and is tried again.
 *
 * @throws RbError alert.failed; the system's error
 */
export const postThroughTor = async (
  socks: StreamAddress,
  webhook: string,
  body: string,
  deadlineMs: number,
): Promise<void> => {
  const url = new URL(webhook);
  const signal = AbortSignal.timeout(deadlineMs);
  const way = {
    socks,
    host: url.hostname,
    port: url.port === '' ? 80 : Number(url.port),
    isolation: 'alert',
    timeoutMs: deadlineMs,
  };
  const stream = await openSocksStream(way, signal);
  try {
    const status = await answerOf(stream, url, body, signal);
    if (status < 200 || status > 299) {
      throw rbError('alert.failed', 'alerts.webhook', {
        reason: `it answered with status ${String(status)}`,
      });
    }
  } finally {
    stream.destroy();
  }
};
