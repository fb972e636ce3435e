import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { nodeTarget, proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient } from './support/raw-client.js';

const MIB = 1024 * 1024;
const BODY = 200 * MIB;
const CHUNK = Buffer.alloc(256 * 1024, 'x');

/** Measures how far the resident memory of this process (which is target, proxy and client at once) rises. */
const peakGrowth = async (work: () => Promise<void>): Promise<number> => {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  await work();
  clearInterval(sampler);
  return peak - before;
};

/** An endless supply of a body that honours back-pressure; sends `left` bytes. */
const pour = (
  sink: { write(chunk: Buffer): boolean; once(event: 'drain', listener: () => void): unknown },
  left: number,
  done: () => void,
): void => {
  let remaining = left;
  const go = (): void => {
    while (remaining > 0) {
      remaining -= CHUNK.length;
      if (!sink.write(CHUNK)) {
        sink.once('drain', go);
        return;
      }
    }
    done();
  };
  go();
};

/** Twice what the sockets' and the allocator's buffers of three parties took when measured (about 60 MiB). */
const ALLOWANCE = 120 * MIB;

describe('a body of 200 MiB', () => {
  it.each(['Content-Length', 'chunked'])(
    'streams to the client in flat memory (%s)',
    async (framing) => {
      const port = await nodeTarget((_, response) => {
        if (framing === 'Content-Length') response.setHeader('Content-Length', BODY);
        pour(response, BODY, () => response.end());
      });
      const { listen } = await proxyTo({ target: { port } });
      const client = rawClient(listen, { keep: false });
      const growth = await peakGrowth(async () => {
        client.send(requestText('GET /', 'Connection: close'));
        await eventually('the whole body', () => client.ended, { timeoutMs: 75_000, everyMs: 20 });
      });
      expect(client.bytesHeard).toBeGreaterThanOrEqual(BODY);
      expect(growth).toBeLessThan(ALLOWANCE);
    },
    90_000,
  );

  it('streams to the target in flat memory', async () => {
    let received = 0;
    const port = await nodeTarget((request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => response.end('received'));
    });
    const { listen } = await proxyTo({ target: { port } });
    const client = rawClient(listen);
    const growth = await peakGrowth(async () => {
      client.send(requestText('POST /', `Content-Length: ${String(BODY)}`));
      pour(client.socket, BODY, () => undefined);
      await eventually('the answer', () => client.heard.includes('received'), {
        timeoutMs: 75_000,
        everyMs: 20,
      });
    });
    expect(received).toBe(BODY);
    expect(growth).toBeLessThan(ALLOWANCE);
  }, 90_000);

  it('is not taken faster from the target than the client takes it', async () => {
    let sent = 0;
    const port = await nodeTarget((_, response) => {
      const counting = {
        write: (chunk: Buffer) => ((sent += chunk.length), response.write(chunk)),
        once: (event: 'drain', listener: () => void) => response.once(event, listener),
      };
      pour(counting, BODY, () => response.end());
    });
    const { listen } = await proxyTo({ target: { port } });
    const client = rawClient(listen, { keep: false });
    client.socket.pause();
    client.send(requestText('GET /'));
    let last = -1;
    await eventually('the target is held back', () => (sent > 0 && sent === last) || ((last = sent), false), {
      timeoutMs: 10_000,
      everyMs: 200,
    });
    expect(sent).toBeLessThan(50 * MIB);
    client.socket.resume();
    await eventually('the rest', () => client.bytesHeard >= BODY, { timeoutMs: 75_000, everyMs: 20 });
  }, 90_000);

  it('is not taken faster from the client than the target takes it', async () => {
    let resume: () => void = () => undefined;
    let received = 0;
    const port = await nodeTarget((request, response) => {
      resume = () => {
        request.on('data', (chunk: Buffer) => (received += chunk.length));
        request.on('end', () => response.end('received'));
      };
    });
    const proxy = await proxyTo({ target: { port } });
    const client = rawClient(proxy.listen);
    client.send(requestText('POST /', `Content-Length: ${String(BODY)}`));
    pour(client.socket, BODY, () => undefined);
    let last = -1;
    await eventually(
      'the client is held back',
      () =>
        (proxy.traffic.bytesIn > 0 && proxy.traffic.bytesIn === last) ||
        ((last = proxy.traffic.bytesIn), false),
      { timeoutMs: 10_000, everyMs: 200 },
    );
    expect(proxy.traffic.bytesIn).toBeLessThan(50 * MIB);
    resume();
    await eventually('the answer', () => client.heard.includes('received'), {
      timeoutMs: 75_000,
      everyMs: 20,
    });
    expect(received).toBe(BODY);
  }, 90_000);
});
