import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { parseHostPort } from '@rustbalance/actors/kernel/stream-address.js';
import type { HostPort } from '@rustbalance/actors/kernel/stream-address.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { DirectTransport } from '@rustbalance/actors/wg/direct-transport.js';
import { openUdp } from '@rustbalance/actors/wg/udp-socket.js';
import type { OpenUdp, UdpEvents } from '@rustbalance/actors/wg/udp-socket.js';
import { freeUdpPort } from '../../support/free-udp-port.js';
import { describeTransport, recording } from '../../support/transport-compliance.js';
import type { TransportEnd, TransportPair } from '../../support/transport-compliance.js';

const at = (port: number): HostPort => ({ host: '127.0.0.1', port });

interface BreakableEnd extends TransportEnd {
  fail(code: string): void;
}

const makeEnd = async (id: string, own: number, peer: string, theirs: number): Promise<BreakableEnd> => {
  const received: Uint8Array[] = [];
  let events: UdpEvents | null = null;
  const breakable: OpenUdp = (address, given) => {
    events = given;
    return openUdp(address, given);
  };
  const transport = new DirectTransport(
    { listen: at(own), peers: new Map([[peer as NodeId, at(theirs)]]) },
    {
      clock: systemClock,
      random: systemRandom,
      log: makeLogger(
        'wg',
        () => 0,
        () => undefined,
      ),
      openUdp: breakable,
    },
    recording(received),
  );
  await transport.open();
  return { id: id as NodeId, transport, received, fail: (code) => events?.failed(code) };
};

const pairOverLoopback = async (): Promise<TransportPair> => {
  const [one, two] = [await freeUdpPort(), await freeUdpPort()];
  const make = {
    a: () => makeEnd('a', one, 'b', two),
    b: () => makeEnd('b', two, 'a', one),
  };
  const ends = { a: await make.a(), b: await make.b() };
  const all = [ends.a, ends.b];
  const stranger = createSocket('udp4');
  return {
    a: ends.a,
    b: ends.b,
    again: async (end) => {
      const made = await make[end]();
      all.push(made);
      return made;
    },
    breakDown: (end) => {
      ends[end].fail('ENETDOWN');
    },
    inject: (end, bytes) =>
      new Promise((resolve, reject) => {
        stranger.send(bytes, end === 'a' ? one : two, '127.0.0.1', (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
    end: async () => {
      stranger.close();
      await Promise.all(all.map(({ transport }) => transport.close()));
    },
  };
};

describeTransport('direct, over loopback', pairOverLoopback);

test('A port that somebody else holds is a start failure that names the key and the remedy', async () => {
  const port = await freeUdpPort();
  const first = await makeEnd('a', port, 'b', 1);
  await expect(makeEnd('a', port, 'b', 1)).rejects.toMatchObject({
    code: 'transport.bind-failed',
    data: { where: 'direct.listen', detail: { reason: 'EADDRINUSE' } },
  });
  await first.transport.close();
});

test('An address that this machine does not have is a start failure', async () => {
  const address = parseHostPort('192.0.2.1:7001')!;
  const transport = new DirectTransport(
    { listen: address, peers: new Map() },
    {
      clock: systemClock,
      random: systemRandom,
      log: makeLogger(
        'wg',
        () => 0,
        () => undefined,
      ),
      openUdp,
    },
    recording([]),
  );
  await expect(transport.open()).rejects.toMatchObject({
    code: 'transport.bind-failed',
    data: { detail: { reason: 'EADDRNOTAVAIL' } },
  });
});
