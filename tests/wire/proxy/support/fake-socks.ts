import { type Socket, connect, createServer } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { listening } from './scripted-target.js';

export interface SocksRequest {
  readonly host: string;
  readonly port: number;
  /** 1 IPv4, 3 name, 4 IPv6. */
  readonly addressType: number;
  readonly user: string | null;
}

export interface FakeSocks {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly requests: SocksRequest[];
}

export interface FakeSocksOptions {
  /** Where accepted connections lead: a port, or the unix socket that the request chooses (null: nowhere). */
  readonly leadsTo: number | ((request: SocksRequest) => string | null);
  /** Reply code (RFC 1928 §6); 0 connects. `silent` never replies, `close` hangs up. */
  readonly reply?: number | 'silent' | 'close';
  /** Listens there instead of at a TCP port. */
  readonly path?: string;
}

const exactly = async (socket: Socket, bytes: number): Promise<Buffer> => {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk !== null) return chunk;
    await once(socket, 'readable');
  }
};

const readAddress = async (socket: Socket, type: number): Promise<string> => {
  if (type === 1) return (await exactly(socket, 4)).join('.');
  if (type === 4) return (await exactly(socket, 16)).toString('hex');
  const [length = 0] = await exactly(socket, 1);
  return (await exactly(socket, length)).toString('latin1');
};

/** User name and password (RFC 1929); gives the user name. */
const readUser = async (socket: Socket): Promise<string> => {
  const [, length = 0] = await exactly(socket, 2);
  const user = (await exactly(socket, length)).toString('latin1');
  const [passwordLength = 0] = await exactly(socket, 1);
  await exactly(socket, passwordLength);
  socket.write(Buffer.from([1, 0]));
  return user;
};

/** One handshake (RFC 1928). */
const handshake = async (socket: Socket): Promise<SocksRequest> => {
  const [version, methodCount = 0] = await exactly(socket, 2);
  if (version !== 5) throw new Error('not SOCKS5');
  const methods = await exactly(socket, methodCount);
  const withUser = methods.includes(2);
  socket.write(Buffer.from([5, withUser ? 2 : 0]));
  const user = withUser ? await readUser(socket) : null;
  const [, command, , addressType = 0] = await exactly(socket, 4);
  if (command !== 1) throw new Error('not CONNECT');
  const host = await readAddress(socket, addressType);
  return { host, port: (await exactly(socket, 2)).readUInt16BE(), addressType, user };
};

/** A SOCKS5 server that leads everything to one port, as a Tor would lead it to an onion service. */
export const fakeSocks = async (options: FakeSocksOptions): Promise<FakeSocks> => {
  const requests: SocksRequest[] = [];
  const open = new Set<Socket>();
  const serve = async (socket: Socket): Promise<void> => {
    const request = await handshake(socket);
    requests.push(request);
    const { leadsTo } = options;
    const path = typeof leadsTo === 'number' ? undefined : leadsTo(request);
    const reply = path === null ? 4 : (options.reply ?? 0);
    if (reply === 'silent') return;
    if (reply === 'close') {
      socket.destroy();
      return;
    }
    socket.write(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
    if (reply !== 0) {
      socket.end();
      return;
    }
    const onward = connect(
      typeof leadsTo === 'number'
        ? { port: leadsTo, host: '127.0.0.1', allowHalfOpen: true }
        : { path: path ?? '', allowHalfOpen: true },
    );
    open.add(onward);
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    serve(socket).catch(() => socket.destroy());
  });
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  if (options.path === undefined)
    return { address: `127.0.0.1:${String(await listening(server))}`, requests };
  server.listen(options.path);
  await once(server, 'listening');
  return { address: `unix:${options.path}`, requests };
};
