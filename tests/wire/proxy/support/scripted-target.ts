import { type Server, type Socket, createServer } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

export interface ScriptedTarget {
  readonly port: number;
  /** The heads of all requests, in order. */
  readonly requests: string[];
  /** All bytes that each connection received. */
  readonly received: string[];
  connections(): number;
  openConnections(): number;
}

/** Called with each head; `nth` counts the requests of all connections from 0, `connection` the connections. */
export type Answerer = (socket: Socket, head: string, nth: number, connection: number) => void;

export const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
};

/** A target that answers with exactly the bytes of the script, proper HTTP or not. */
export const scriptedTarget = async (answer: Answerer): Promise<ScriptedTarget> => {
  const requests: string[] = [];
  const received: string[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = connections++;
    let pending = '';
    open.add(socket);
    received[connection] = '';
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      received[connection] += text;
      pending += text;
      for (let end = pending.indexOf('\r\n\r\n'); end !== -1; end = pending.indexOf('\r\n\r\n')) {
        const text = pending.slice(0, end);
        pending = pending.slice(end + 4);
        // What stands before a head is the body of the request before it.
        const start = /[A-Z]+ \S+ HTTP\/1\.1\r\n/.exec(text);
        if (start === null) continue;
        const head = text.slice(start.index);
        requests.push(head);
        answer(socket, head, requests.length - 1, connection);
      }
    });
  });
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port, requests, received, connections: () => connections, openConnections: () => open.size };
};

/** A target that answers every request with the same bytes. */
export const sayingTarget = (text: string, end = false): Promise<ScriptedTarget> =>
  scriptedTarget((socket) => {
    socket.write(text, 'latin1');
    if (end) socket.end();
  });

/** A small proper response. */
export const okay = (body: string, ...fields: string[]): string =>
  ['HTTP/1.1 200 OK', ...fields, `Content-Length: ${String(body.length)}`, '', body].join('\r\n');
