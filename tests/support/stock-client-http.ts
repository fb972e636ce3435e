import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { connectThroughTor, SocksRefusedError, type SocksListener } from './stock-client-socks.js';

export interface FetchOptions {
  readonly path?: string;
  readonly port?: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** SOCKS username; a fresh one for each fetch unless told, so that nothing is shared with earlier ones. */
  readonly isolation?: string;
  /** For everything from the SOCKS connection to the last byte; default 60 s. */
  readonly timeoutMs?: number;
  /** False counts the body's bytes without keeping them. */
  readonly keepBody?: boolean;
}

export interface FetchFailure {
  /** `socks`: Tor could not connect. `http`: connected, but no whole answer. `timeout`: our own patience ended. */
  readonly stage: 'socks' | 'http' | 'timeout';
  readonly message: string;
  /** SOCKS reply code where Tor gave one, e.g. 0xf0 descriptor not found. */
  readonly socksReply?: number;
}

export interface FetchResult {
  /** A whole answer with a status below 400. */
  readonly ok: boolean;
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Who answered: the `X-Node` header of a sample target. */
  readonly node: string | undefined;
  readonly body: string;
  readonly bytes: number;
  /** From the start to the last byte, or to the failure. */
  readonly ms: number;
  /** Until Tor said that the stream is open. */
  readonly connectMs: number | undefined;
  readonly error: FetchFailure | undefined;
}

const DEFAULT_TIMEOUT_MS = 60_000;

const sendRequest = async (
  socket: Socket,
  host: string,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> => {
  const sent = request({
    createConnection: () => socket,
    method: options.method ?? 'GET',
    path: options.path ?? '/',
    headers: { Host: host, Connection: 'close', ...options.headers },
    signal,
  });
  // The SOCKS handshake left the socket paused; the parser listens by the time of this event.
  sent.once('socket', () => socket.resume());
  const answered = once(sent, 'response');
  sent.end(options.body);
  const [response] = (await answered) as [IncomingMessage];
  return response;
};

const readBody = async (
  response: IncomingMessage,
  keep: boolean,
): Promise<{ body: string; bytes: number }> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (keep) chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks).toString('utf8'), bytes };
};

const failure = (error: unknown, connected: boolean, timedOut: boolean): FetchFailure => {
  const message = error instanceof Error ? error.message : String(error);
  if (timedOut) return { stage: 'timeout', message };
  if (error instanceof SocksRefusedError) return { stage: 'socks', message, socksReply: error.reply };
  return { stage: connected ? 'http' : 'socks', message };
};

const nothing = { ok: false, status: undefined, headers: {}, node: undefined, body: '', bytes: 0 };

/** One request on a connection of its own. Never throws: what went wrong is in `error`. */
export const fetchThroughTor = async (
  listener: SocksListener,
  host: string,
  isolation: string,
  options: FetchOptions,
): Promise<FetchResult> => {
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  const signal = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let connectMs: number | undefined;
  let socket: Socket | undefined;
  try {
    socket = await connectThroughTor(listener, { host, port: options.port ?? 80, isolation, signal });
    connectMs = elapsed();
    const response = await sendRequest(socket, host, options, signal);
    const { body, bytes } = await readBody(response, options.keepBody ?? true);
    const status = response.statusCode ?? 0;
    const node = response.headers['x-node'];
    return {
      ok: status < 400 && response.complete,
      status,
      headers: response.headers,
      node: typeof node === 'string' ? node : undefined,
      body,
      bytes,
      ms: elapsed(),
      connectMs,
      error: undefined,
    };
  } catch (error) {
    return {
      ...nothing,
      ms: elapsed(),
      connectMs,
      error: failure(error, connectMs !== undefined, signal.aborted),
    };
  } finally {
    socket?.destroy();
  }
};
