import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'undici';
import { eventually, within } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient } from './support/raw-client.js';
import { listening, okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Gives back each frame unmasked as a text frame (RFC 6455 §5.2; frames shorter than 126 bytes). */
const echoFrames = (socket: Duplex): void => {
  socket.on('data', (frame: Buffer) => {
    const opcode = (frame[0] ?? 0) & 0x0f;
    const length = (frame[1] ?? 0) & 0x7f;
    const mask = frame.subarray(2, 6);
    const content = frame.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, length]), content]));
    if (opcode === 8) socket.end();
  });
};

const webSocketTarget = async (): Promise<number> => {
  const server = createServer();
  const open = new Set<Duplex>();
  server.on('upgrade', (request, socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key'] ?? ''}${WEBSOCKET_GUID}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echoFrames(socket);
  });
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return port;
};

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
];
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

describe('a WebSocket', () => {
  it('talks to its target through the proxy', async () => {
    const { listen } = await proxyTo({ target: { port: await webSocketTarget() } });
    const socket = new WebSocket(`ws://${listen}/chat`);
    const heard: string[] = [];
    socket.addEventListener('message', ({ data }) => heard.push(String(data)));
    await within(5000, 'the open event', new Promise((resolve) => socket.addEventListener('open', resolve)));
    socket.send('one');
    await eventually('the first echo', () => heard.length === 1, { timeoutMs: 5000, everyMs: 5 });
    socket.send('two');
    await eventually('the second echo', () => heard.length === 2, { timeoutMs: 5000, everyMs: 5 });
    expect(heard).toEqual(['one', 'two']);
    socket.close();
    await eventually('the close', () => socket.readyState === WebSocket.CLOSED, {
      timeoutMs: 5000,
      everyMs: 5,
    });
  });

  it('bytes right behind the 101 are the first of the stream', async () => {
    const target = await sayingTarget(`${SWITCH}first`);
    const { listen } = await proxyTo({ target });
    const heard = await rawClient(listen)
      .send(requestText('GET /', ...UPGRADE))
      .hears('first');
    expect(heard).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst',
    );
  });

  it('that the target refuses is an ordinary response, and the connection goes on', async () => {
    const target = await sayingTarget(okay('no'));
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    await client.send(requestText('GET /', ...UPGRADE)).hears('no');
    await client.send(requestText('GET /')).hears(/no.*no/s);
  });

  it('whose client had closed its side before the 101 hears what the target says, and the target hears the close', async () => {
    let ended = false;
    const target = await scriptedTarget((socket) => {
      socket.on('end', () => (ended = true));
      setTimeout(() => socket.write(`${SWITCH}farewell`), 50);
    });
    const { listen } = await proxyTo({ target });
    const client = rawClient(listen);
    client.socket.end(requestText('GET /', ...UPGRADE));
    expect(await client.closed()).toContain('farewell');
    expect(ended).toBe(true);
  });

  it('that breaks off at the target breaks off at the client', async () => {
    const target = await scriptedTarget((socket) => {
      socket.write(SWITCH, () => socket.resetAndDestroy());
    });
    const { listen } = await proxyTo({ target });
    await rawClient(listen)
      .send(requestText('GET /', ...UPGRADE))
      .closed();
  });

  it('on which nothing moves is closed after the idle time-out', async () => {
    const target = await sayingTarget(SWITCH);
    const { listen } = await proxyTo({ target, limits: { idleTimeoutMs: 800 } });
    const client = rawClient(listen).send(requestText('GET /', ...UPGRADE));
    await client.hears('101');
    await client.closed();
  });

  it('that nobody asked for is a fault of the target', async () => {
    const target = await sayingTarget(SWITCH);
    const { listen } = await proxyTo({ target });
    expect(await rawClient(listen).send(requestText('GET /')).hears('</html>')).toContain('502 Bad Gateway');
  });

  it.each([
    ['HTTP/2', 'Upgrade: h2c'],
    ['what was asked for and HTTP/2', 'Upgrade: websocket, h2c'],
    ['HTTP/2 in a second field', 'Upgrade: websocket\r\nUpgrade: h2c'],
    ['nothing in particular', 'X: y'],
  ])('that the target answers with a change to %s is a fault of the target', async (_what, line) => {
    const target = await sayingTarget(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${line}\r\n\r\nfirst`,
    );
    const { listen } = await proxyTo({ target });
    const heard = await rawClient(listen)
      .send(requestText('GET /', ...UPGRADE))
      .hears('</html>');
    expect(heard).toContain('502 Bad Gateway');
    expect(heard).not.toContain('first');
    await eventually('the target is left', () => target.openConnections() === 0, { timeoutMs: 4500 });
  });

  it('in whose answer the target writes the protocol in another case is given to the client', async () => {
    const target = await sayingTarget(SWITCH.replace('websocket', 'WebSocket'));
    const { listen } = await proxyTo({ target });
    await rawClient(listen)
      .send(requestText('GET /', ...UPGRADE))
      .hears('Upgrade: WebSocket');
  });

  it('of HTTP/2 in clear text is not asked for, alone or among others', async () => {
    const target = await sayingTarget(okay('plain'));
    const { listen } = await proxyTo({ target });
    for (const upgrade of ['h2c', 'foo, h2c']) {
      await rawClient(listen)
        .send(
          requestText(
            'GET /',
            'Connection: Upgrade, HTTP2-Settings',
            `Upgrade: ${upgrade}`,
            'HTTP2-Settings: AAMAAABk',
          ),
        )
        .hears('plain');
    }
    expect(target.requests).toHaveLength(2);
    expect(target.requests.join()).not.toMatch(/upgrade|http2/i);
  });
});
