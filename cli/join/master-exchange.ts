import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MasterWay } from '@rustbalance/actors/election/join/token-text.js';
import { ANSWER_FRAME_BYTES } from '@rustbalance/actors/election/join/limits.js';

/** The desk takes 8 s where the lease holder is asked, and a target of its own behind it may be slow to refuse. */
const ANSWER_WITHIN_MS = 60_000;

/**
 * Sends a frame as a POST to the master address and waits for its answer; the stream is destroyed in any case. What is no answer of
 * a member is the service's own: it rejects, since nobody can tell why.
 */
export const exchangeByMaster = (
  stream: Duplex,
  { address }: MasterWay,
  path: string,
  frame: Uint8Array,
): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      stream.destroy();
      reject(error);
    };
    const call = request({
      createConnection: () => stream,
      method: 'POST',
      path: `/.rb/${path}`,
      headers: {
        Host: `${address}.onion`,
        'Content-Type': 'application/octet-stream',
        'Content-Length': frame.length,
        Connection: 'close',
      },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    call.once('error', fail);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > ANSWER_FRAME_BYTES) fail(new Error('the service answered for itself'));
      });
      response.once('error', fail);
      response.once('end', () => {
        stream.destroy();
        if (response.statusCode === 200 && size === ANSWER_FRAME_BYTES) resolve(Buffer.concat(chunks));
        else reject(new Error('the service answered for itself'));
      });
    });
    call.end(frame);
  });
