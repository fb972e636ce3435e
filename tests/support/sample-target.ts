import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What `GET /headers` answers, as JSON: the request as the target saw it. */
export interface SeenRequest {
  readonly node: string;
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Name, value, name, value … in the order and spelling of the wire. */
  readonly rawHeaders: readonly string[];
}

export interface SampleTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, what goes into `[target] url`. */
  readonly url: string;
  /** Requests answered so far. */
  requests(): number;
  /** Ends every `/drip` that is under way with the line `end`. */
  endDrips(): void;
  close(): Promise<void>;
}

export interface SampleTargetOptions {
  /** Comes back in every `X-Node` header and in the page, so that a client can tell who answered. */
  readonly name: string;
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'rustbalance ');
const LARGEST_BODY = 4 * 1024 ** 3;

const numberParameter = (url: URL, name: string, fallback: number): number => {
  const value = Number(url.searchParams.get(name) ?? fallback);
  return Number.isSafeInteger(value) && value >= 0 ? value : fallback;
};

function* chunks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    yield left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
}

const seen = (name: string, request: IncomingMessage): SeenRequest => ({
  node: name,
  method: request.method ?? '',
  url: request.url ?? '',
  httpVersion: request.httpVersion,
  rawHeaders: request.rawHeaders,
});

const LONGEST_DRIP_MS = 30 * 60_000;

/** A numbered line again and again, until told to end. */
async function* dripping(everyMs: number, ended: () => boolean): AsyncGenerator<string> {
  const most = Math.ceil(LONGEST_DRIP_MS / everyMs);
  for (let line = 1; !ended() && line <= most; line++) {
    yield `${String(line)}\n`;
    await delay(everyMs);
  }
  yield 'end\n';
}

/** `/` a page, `/headers` the request, `/body?bytes=` a sized stream, `/echo` the request's body,
 * `/status?code=` an error, `/slow?ms=` a late page, `/drip?everyMs=` a stream that lasts. */
const answer = async (
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  ended: () => boolean,
): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://target.invalid');
  response.setHeader('X-Node', name);
  switch (url.pathname) {
    case '/headers':
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(seen(name, request)));
      return;
    case '/body': {
      const bytes = Math.min(numberParameter(url, 'bytes', 1024), LARGEST_BODY);
      response.setHeader('Content-Type', 'application/octet-stream').setHeader('Content-Length', bytes);
      await pipeline(Readable.from(chunks(bytes)), response);
      return;
    }
    case '/echo':
      await pipeline(request, response);
      return;
    case '/status':
      response.writeHead(numberParameter(url, 'code', 500)).end(`${name}\n`);
      return;
    case '/slow':
      await delay(numberParameter(url, 'ms', 1000));
      response.end(`${name}\n`);
      return;
    case '/drip':
      response.setHeader('Content-Type', 'text/plain');
      await pipeline(dripping(Math.max(10, numberParameter(url, 'everyMs', 100)), ended), response);
      return;
    default:
      response.setHeader('Content-Type', 'text/plain; charset=utf-8').end(`This page comes from ${name}.\n`);
  }
};

const listen = async (server: Server, host: string, port: number): Promise<AddressInfo> => {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the sample target has no TCP address');
  return address;
};

/** Starts the HTTP service that stands in for an operator's real one. */
export const startSampleTarget = async ({
  name,
  host = '127.0.0.1',
  port = 0,
}: SampleTargetOptions): Promise<SampleTarget> => {
  let requests = 0;
  let drips = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const round = drips;
    // A client that goes away in the middle of a stream is its own business.
    answer(name, request, response, () => drips > round).catch(() => response.destroy());
  });
  const address = await listen(server, host, port);
  return {
    name,
    host,
    port: address.port,
    url: `http://${host}:${String(address.port)}`,
    requests: () => requests,
    endDrips: () => {
      drips += 1;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
