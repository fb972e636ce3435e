import { type Socket, connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { within } from '../../../support/eventually.js';

const PATIENCE_MS = 8_000;

/** A client that says exactly what it is told to, byte by byte, and keeps what it hears (latin1). */
export class RawClient {
  readonly socket: Socket;
  /** All that was received so far. */
  heard = '';
  bytesHeard = 0;
  ended = false;
  error: Error | null = null;
  readonly #closed: Promise<void>;

  constructor(socket: Socket, keep = true) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytesHeard += chunk.length;
      if (keep) this.heard += chunk.toString('latin1');
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
  }

  send(bytes: string | Uint8Array): this {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1');
    else this.socket.write(bytes);
    return this;
  }

  /** Waits until what was heard matches. */
  async hears(pattern: RegExp | string): Promise<string> {
    const matches = (): boolean =>
      typeof pattern === 'string' ? this.heard.includes(pattern) : pattern.test(this.heard);
    const waited = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!matches() && !this.socket.closed) return;
        this.socket.off('data', look).off('close', look);
        if (matches()) resolve();
        else reject(new Error(`closed after ${JSON.stringify(this.heard.slice(-300))}`));
      };
      this.socket.on('data', look).on('close', look);
      look();
    });
    await within(
      PATIENCE_MS,
      `hearing ${String(pattern)}, not only ${JSON.stringify(this.heard.slice(-300))}`,
      waited,
    );
    return this.heard;
  }

  /** Waits until the other side has closed the connection; gives all that was heard. */
  async closed(): Promise<string> {
    await within(PATIENCE_MS, `being closed after ${JSON.stringify(this.heard.slice(-300))}`, this.#closed);
    return this.heard;
  }
}

/** Connects to `unix:/path` or `host:port`; destroyed at the end of the test. */
export const rawClient = (listen: string, options: { keep?: boolean } = {}): RawClient => {
  const at = listen.lastIndexOf(':');
  const socket = listen.startsWith('unix:')
    ? connect({ path: listen.slice('unix:'.length) })
    : connect({ host: listen.slice(0, at), port: Number(listen.slice(at + 1)), noDelay: true });
  onTestFinished(() => {
    socket.destroy();
  });
  return new RawClient(socket, options.keep ?? true);
};

/** Sends one text on a connection of its own, and gives all that came back until it was closed. */
export const sayAndListen = (listen: string, text: string): Promise<string> =>
  rawClient(listen).send(text).closed();
