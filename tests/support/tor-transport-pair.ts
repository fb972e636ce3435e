import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { systemClock, type Clock } from '@rustbalance/actors/kernel/clock.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { StreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { systemSockets } from '@rustbalance/actors/wg/configured-transports.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';
import { TorTransport } from '@rustbalance/actors/wg/tor-transport/tor-transport.js';
import { listenUnix } from '@rustbalance/actors/wg/unix-listener.js';
import type { UnixListenerEvents } from '@rustbalance/actors/wg/unix-listener.js';
import { recording } from './transport-compliance.js';
import type { TransportEnd, TransportPair } from './transport-compliance.js';

export interface TorEnd extends TransportEnd {
  readonly transport: TorTransport;
  /** Breaks its listener down. */
  fail(code: string): void;
}

export interface TorEndPlace {
  readonly id: NodeId;
  /** Of the socket that Tor leads to. */
  readonly path: string;
  readonly peer: NodeId;
  readonly peerAddress: OnionAddress;
  readonly socks: StreamAddress | null;
  readonly clock?: Clock;
}

const quiet = makeLogger(
  'wg',
  () => 0,
  () => undefined,
);

/** A Tor transport that sends to its one peer through a SOCKS port. */
export const makeTorEnd = async (place: TorEndPlace): Promise<TorEnd> => {
  const received: Uint8Array[] = [];
  let events: UnixListenerEvents | null = null;
  const transport = new TorTransport(
    place.path,
    {
      clock: place.clock ?? systemClock,
      random: systemRandom,
      log: quiet,
      listen: (at, given) => {
        events = given;
        return listenUnix(at, given);
      },
      dial: systemSockets.dial,
    },
    recording(received),
  );
  await transport.open();
  transport.usePeers(new Map([[place.peer, place.peerAddress]]));
  transport.useSocks(place.socks);
  return { id: place.id, transport, received, fail: (code) => events?.failed(code) };
};

/** For describeTransport: what is injected comes by a stream of nobody's. */
export const torTransportPair = async (
  make: (end: 'a' | 'b') => Promise<TorEnd>,
  pathOf: (end: 'a' | 'b') => string,
): Promise<TransportPair> => {
  const ends = { a: await make('a'), b: await make('b') };
  const all = [ends.a, ends.b];
  const strangerAt = (end: 'a' | 'b'): Socket => connect({ path: pathOf(end) }).on('error', () => undefined);
  let stranger = strangerAt('b');
  return {
    ...ends,
    again: async (end) => {
      const made = await make(end);
      all.push(made);
      return made;
    },
    breakDown: (end) => {
      ends[end].fail('ECONNABORTED');
    },
    inject: async (end, bytes) => {
      if (stranger.destroyed) stranger = strangerAt(end);
      await new Promise<void>((resolve) => {
        stranger.write(encodeFrame(bytes), () => {
          resolve();
        });
      });
    },
    end: async () => {
      stranger.destroy();
      await Promise.all(all.map(({ transport }) => transport.close()));
    },
  };
};
