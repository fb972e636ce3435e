// UDP sockets in a namespace, for a test outside it. One JSON object a line, both ways.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const sockets = new Map();
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const orders = {
  bind: ({ id, host, port }) => {
    const socket = createSocket({ type: 'udp6', ipv6Only: true });
    let bound = false;
    socket.on('error', ({ code }) => say({ id, event: bound ? 'failed' : 'refused', code }));
    socket.on('message', (bytes, from) =>
      say({ id, event: 'datagram', bytes: bytes.toString('base64'), host: from.address, port: from.port }),
    );
    socket.bind({ address: host, port, exclusive: true }, () => {
      bound = true;
      sockets.set(id, socket);
      say({ id, event: 'bound', ...socket.address() });
    });
  },
  send: ({ id, number, bytes, host, port }) => {
    sockets.get(id)?.send(Buffer.from(bytes, 'base64'), port, host, (error) => {
      if (error) say({ id, event: 'send-failed', number, code: error.code });
      else say({ id, event: 'sent', number });
    });
  },
  close: ({ id }) => {
    sockets.get(id)?.close();
    sockets.delete(id);
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const message = JSON.parse(line);
    orders[message.order](message);
  })
  .on('close', () => process.exit(0));
