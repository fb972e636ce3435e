import { once } from 'node:events';
import { type Socket, createServer } from 'node:net';
import fc from 'fast-check';
import { onTestFinished } from 'vitest';
import { mutated } from '../../../support/mutations.js';
import { okay } from './scripted-target.js';

/** What a SOCKS server says, one part for each thing that it hears (RFC 1928, RFC 1929). */
export interface SocksScript {
  readonly parts: readonly Buffer[];
  /** Byte by byte, each in a packet of its own. */
  readonly trickles: boolean;
  /** Hangs up after its last part; otherwise it goes silent. */
  readonly ends: boolean;
}

const GREETING = Uint8Array.of(5, 0);
const ASKING_FOR_USER = [Uint8Array.of(5, 2), Uint8Array.of(1, 0)];
const NAME = Buffer.from('somewhere.example');
const REPLIES = [
  Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0),
  Buffer.concat([Uint8Array.of(5, 0, 0, 3, NAME.length), NAME, Uint8Array.of(0, 80)]),
  Buffer.concat([Uint8Array.of(5, 0, 0, 4), Buffer.alloc(16, 1), Uint8Array.of(0, 80)]),
];
const REFUSALS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xf0, 0xf7].map((code) =>
  Uint8Array.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0),
);

const replyArb = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...REPLIES).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom(...REFUSALS).map((bytes) => Buffer.from(bytes)) },
  { weight: 4, arbitrary: mutated(REPLIES) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 5, 0xff).map((byte) => Buffer.alloc(100_000, byte)) },
);

/** Mostly right, or damaged. */
const partArb = (bytes: Uint8Array): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(Buffer.from(bytes)) },
    { weight: 1, arbitrary: mutated([bytes]) },
  );

/** A counterexample's parts, short enough to read. */
const shown = (parts: readonly Buffer[]): string =>
  parts.map((part) => `${part.toString('hex', 0, 300)} (${String(part.length)} bytes)`).join(', ');

/** @param withUser for a client that offers a user name */
export const socksScripts = (withUser: boolean): fc.Arbitrary<SocksScript> =>
  fc
    .record({
      parts: fc.tuple(...(withUser ? ASKING_FOR_USER : [GREETING]).map(partArb), replyArb),
      trickles: fc.boolean(),
      ends: fc.boolean(),
    })
    .map((script) => ({
      ...script,
      [fc.toStringMethod]: () =>
        `${shown(script.parts)}${script.trickles ? ', trickling' : ''}${script.ends ? ', ending' : ''}`,
    }));

/** Whether the parts are what they should be and grant the connection. */
export const isGrant = ({ parts }: SocksScript, withUser: boolean): boolean => {
  const wanted = withUser ? ASKING_FOR_USER : [GREETING];
  const reply = parts.at(-1) ?? Buffer.alloc(0);
  return (
    wanted.every((bytes, at) => parts[at]?.equals(bytes) === true) &&
    REPLIES.some((granted) => reply.equals(granted))
  );
};

/** Whether any reading of all that is said could find a connection granted: the reply comes after fixed lengths. */
export const couldBeGrant = ({ parts }: SocksScript, withUser: boolean): boolean => {
  const reply = Buffer.concat(parts).subarray(withUser ? 4 : 2);
  const [version, code, , addressType, nameLength = 0] = reply;
  const size =
    addressType === 1 ? 10 : addressType === 4 ? 22 : addressType === 3 ? 7 + nameLength : Infinity;
  return version === 5 && code === 0 && reply.length >= size;
};

const write = async (socket: Socket, bytes: Buffer, trickles: boolean): Promise<void> => {
  if (!trickles || bytes.length > 1000) {
    socket.write(bytes);
    return;
  }
  for (const byte of bytes) {
    socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
};

export interface BabblingSocks {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  /** What it says on connections from now on. */
  say(script: SocksScript): void;
}

/** A SOCKS server that says what it is told to, whatever it hears; behind it every request of HTTP gets "fine". */
export const babblingSocks = async (path?: string): Promise<BabblingSocks> => {
  let current: SocksScript = { parts: [], trickles: false, ends: true };
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    const { parts, trickles, ends } = current;
    let said = 0;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (heard: Buffer) => {
      if (heard.includes(' HTTP/1.1\r\n')) {
        socket.end(okay('fine', 'Connection: close'));
        return;
      }
      const part = parts[said++];
      if (part === undefined) {
        if (ends) socket.end();
        return;
      }
      void write(socket, part, trickles).then(() => {
        // A connection that was granted goes on: what ends is a handshake in its middle.
        if (ends && said === parts.length && part.length < 10) socket.end();
      });
    });
  });
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null) throw new Error('it does not listen');
  return {
    address: typeof bound === 'string' ? `unix:${bound}` : `127.0.0.1:${String(bound.port)}`,
    say: (script) => {
      current = script;
    },
  };
};
