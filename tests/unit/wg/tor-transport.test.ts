import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';
import { TorTransport } from '@rustbalance/actors/wg/tor-transport/tor-transport.js';
import type { UnixListener, UnixListenerEvents } from '@rustbalance/actors/wg/unix-listener.js';
import { recording } from '../../support/transport-compliance.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

/** One opening of the listener, in the test's hand. */
interface Opening {
  readonly events: UnixListenerEvents;
  readonly closed: () => boolean;
  finish(): void;
}

/** A transport whose listener is opened when the test says so. */
const makeWorld = (): {
  clock: SimulatedClock;
  transport: TorTransport;
  received: Uint8Array[];
  openings: Opening[];
} => {
  const clock = new SimulatedClock(0);
  const received: Uint8Array[] = [];
  const openings: Opening[] = [];
  const listen = (_path: string, events: UnixListenerEvents): Promise<UnixListener> =>
    new Promise((resolve) => {
      let isClosed = false;
      const listener = {
        close: () => {
          isClosed = true;
        },
      };
      openings.push({
        events,
        closed: () => isClosed,
        finish: () => {
          resolve(listener);
        },
      });
    });
  const log = makeLogger(
    'wg',
    () => 0,
    () => undefined,
  );
  const dial = (): Promise<never> => Promise.reject(new Error('nobody is there'));
  const transport = new TorTransport(
    '/nowhere',
    { clock, random: systemRandom, log, listen, dial },
    recording(received),
  );
  return { clock, transport, received, openings };
};

const says = (text: string): PassThrough => {
  const stream = new PassThrough();
  stream.write(encodeFrame(Buffer.from(text)));
  return stream;
};

const opening = (openings: readonly Opening[], index: number): Opening => {
  const found = openings[index];
  if (found === undefined) throw new Error(`the listener was not opened ${index + 1} times`);
  return found;
};

test('A stream that comes while the socket still gets its mode is taken', async () => {
  const { transport, received, openings } = makeWorld();
  const opened = transport.open();
  opening(openings, 0).events.stream(says('early'));
  opening(openings, 0).finish();
  await opened;
  await expect.poll(() => received.map((bytes) => Buffer.from(bytes).toString())).toEqual(['early']);
  await transport.close();
});

test('A listener that broke while it was opened is closed, and only its successor is heard', async () => {
  const { clock, transport, openings } = makeWorld();
  const opened = transport.open();
  const first = opening(openings, 0);
  first.events.failed('EIO');
  first.finish();
  await opened;
  expect(first.closed()).toBe(true);
  expect(transport.status().local).toBeNull();
  await clock.advance(200);
  const second = opening(openings, 1);
  second.finish();
  await expect.poll(() => transport.status().local).toBe('unix:/nowhere');
  const late = says('late');
  first.events.stream(late);
  expect(late.destroyed).toBe(true);
  first.events.failed('EIO');
  expect(second.closed()).toBe(false);
  await transport.close();
});
