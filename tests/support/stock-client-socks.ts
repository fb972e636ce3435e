import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Where a Tor takes SOCKS requests. */
export type SocksListener = { readonly path: string } | { readonly host: string; readonly port: number };

/** Tor refused or gave up a connection; `reply` is the SOCKS reply code (RFC 1928 §6, socks-extensions for 0xF0–0xF7). */
export class SocksRefusedError extends Error {
  readonly reply: number;

  constructor(reply: number) {
    super(`SOCKS reply 0x${reply.toString(16).padStart(2, '0')}: ${MEANINGS[reply] ?? 'unknown'}`);
    this.name = 'SocksRefusedError';
    this.reply = reply;
  }
}

const MEANINGS: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'timed out',
  0xf0: 'descriptor not found',
  0xf1: 'descriptor invalid',
  0xf2: 'introduction failed',
  0xf3: 'rendezvous failed',
  0xf4: 'client authorization missing',
  0xf5: 'client authorization wrong',
  0xf6: 'bad onion address',
  0xf7: 'introduction timed out',
};

const VERSION = 5;
const USERNAME_PASSWORD = 2;
const ADDRESS_LENGTH_IPV4 = 4;
const ADDRESS_LENGTH_IPV6 = 16;

/** Reads exact numbers of bytes, and puts back what came too much. */
const read = async (socket: Socket, length: number): Promise<Buffer> => {
  for (;;) {
    const bytes: unknown = socket.read(length);
    if (Buffer.isBuffer(bytes) && bytes.length === length) return bytes;
    if (socket.readableEnded || socket.destroyed) throw new Error('the SOCKS port closed the connection');
    await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
  }
};

const lengthPrefixed = (text: string): Buffer =>
  Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);

const negotiate = async (socket: Socket, host: string, port: number, isolation: string): Promise<void> => {
  socket.write(Buffer.from([VERSION, 1, USERNAME_PASSWORD]));
  const [, method] = await read(socket, 2);
  if (method !== USERNAME_PASSWORD) throw new Error('the SOCKS port takes no username');
  socket.write(Buffer.concat([Buffer.from([1]), lengthPrefixed(isolation), lengthPrefixed('stock')]));
  const [, refused] = await read(socket, 2);
  if (refused !== 0) throw new Error('the SOCKS port refused the username');
  socket.write(
    Buffer.concat([
      Buffer.from([VERSION, 1, 0, 3]),
      lengthPrefixed(host),
      Buffer.from([port >> 8, port & 255]),
    ]),
  );
  const [, reply = 1, , kind] = await read(socket, 4);
  if (reply !== 0) throw new SocksRefusedError(reply);
  await read(socket, (kind === 4 ? ADDRESS_LENGTH_IPV6 : ADDRESS_LENGTH_IPV4) + 2);
};

/**
 * Opens a connection through Tor. Written out instead of taken from a library because Tor's own reply codes for
 * onion services, which tell a missing descriptor from a dead introduction point, must reach the caller.
 *
 * @param isolation SOCKS username: connections with different ones never share a circuit (IsolateSOCKSAuth)
 * @throws SocksRefusedError when Tor gives up; the signal's reason when it fires
 */
export const connectThroughTor = async (
  listener: SocksListener,
  { host, port, isolation, signal }: { host: string; port: number; isolation: string; signal: AbortSignal },
): Promise<Socket> => {
  const socket = connect(listener);
  // Every failure also reaches whoever awaits something of this socket.
  socket.on('error', () => undefined);
  const abort = (): void => {
    socket.destroy(new Error('given up: the time is over'));
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) throw new Error('given up before it began');
    await once(socket, 'connect');
    socket.pause();
    await negotiate(socket, host, port, isolation);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
