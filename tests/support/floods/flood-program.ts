import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { floodOrder } from './flood-order.js';
import type { FloodOrder } from './flood-order.js';

/** A process of its own that sends as fast as it can: flood-order.ts says what. */
const TO = '127.0.0.1';
/** Handed to the system at once; more would only wait in this process. */
const BATCH = 50;
/** Streams that it has open: more than a daemon takes, so that those beyond are closed and replaced at once. */
const STREAMS = 64;

interface Flood {
  stopped: boolean;
  sent: number;
}

const sendDatagrams = async (order: FloodOrder, flood: Flood): Promise<void> => {
  const pile = order.pile.map((one) => Buffer.from(one, 'base64'));
  const socket = createSocket('udp4');
  socket.bind(order.from ?? 0, TO);
  await once(socket, 'listening');
  const count = order.count ?? Number.POSITIVE_INFINITY;
  const sendOne = (): Promise<void> =>
    new Promise((resolve) => {
      // A full buffer refuses one now and then: it goes again.
      socket.send(pile[flood.sent % pile.length] ?? pile[0]!, order.port, TO, (error) => {
        if (error === null) flood.sent++;
        resolve();
      });
    });
  if (count <= pile.length) while (!flood.stopped && flood.sent < count) await sendOne();
  const sendBatch = (): Promise<void> =>
    new Promise((resolve) => {
      let waiting = Math.min(BATCH, count - flood.sent);
      for (let i = waiting; i > 0; i--) {
        socket.send(pile[(flood.sent + i) % pile.length] ?? pile[0]!, order.port, TO, () => {
          if (--waiting === 0) resolve();
        });
      }
      flood.sent += waiting;
    });
  while (!flood.stopped && flood.sent < count) {
    await sendBatch();
    // What stops it must be heard, too.
    await new Promise(setImmediate);
  }
  socket.close();
};

const oneStream = (port: number, bytes: Buffer, flood: Flood): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(port, TO, () => socket.write(bytes));
    flood.sent++;
    socket.resume();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve();
    });
  });

const makeStreams = async (order: FloodOrder, flood: Flood): Promise<void> => {
  const pile = order.pile.map((one) => Buffer.from(one, 'base64'));
  const count = order.count ?? Number.POSITIVE_INFINITY;
  const worker = async (): Promise<void> => {
    while (!flood.stopped && flood.sent < count) {
      await oneStream(order.port, pile[flood.sent % pile.length] ?? pile[0]!, flood);
    }
  };
  await Promise.all(Array.from({ length: Math.min(STREAMS, count) }, worker));
};

// A flood comes from elsewhere: what sending it costs must not be taken from those who receive it.
setPriority(constants.priority.PRIORITY_LOW);
const input = createInterface({ input: process.stdin });
const [line] = (await once(input, 'line')) as [string];
const order = floodOrder.parse(JSON.parse(line));
const flood: Flood = { stopped: false, sent: 0 };
input.once('close', () => {
  flood.stopped = true;
});
const beganMs = performance.now();
await (order.kind === 'datagrams' ? sendDatagrams(order, flood) : makeStreams(order, flood));
process.stdout.write(
  `${JSON.stringify({ sent: flood.sent, seconds: (performance.now() - beganMs) / 1000 })}\n`,
);
process.exit(0);
