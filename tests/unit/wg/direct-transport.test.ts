import { describe, expect, test } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { DirectTransport } from '@rustbalance/actors/wg/direct-transport.js';
import type { OpenUdp, UdpEvents } from '@rustbalance/actors/wg/udp-socket.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';

/** A system whose sockets fail when told to. */
const fakeSystem = () => {
  const opened: { atMs: number; events: UdpEvents; closed: boolean }[] = [];
  const clock = new SimulatedClock(0);
  let refuse: string | null = null;
  const refusedAt: number[] = [];
  let sendFailure: string | null = null;
  const openUdp: OpenUdp = (at, events) => {
    if (refuse !== null) {
      refusedAt.push(clock.monotonicMs());
      return Promise.reject(Object.assign(new Error(refuse), { code: refuse }));
    }
    const socket = { atMs: clock.monotonicMs(), events, closed: false };
    opened.push(socket);
    return Promise.resolve({
      local: at,
      send: (_bytes, _to, failed) => {
        if (sendFailure !== null) failed(sendFailure);
      },
      close: () => {
        socket.closed = true;
      },
    });
  };
  return {
    clock,
    opened,
    refusedAt,
    openUdp,
    refuse: (code: string | null) => {
      refuse = code;
    },
    failSends: (code: string) => {
      sendFailure = code;
    },
  };
};

const make = (system: ReturnType<typeof fakeSystem>) => {
  const received: Uint8Array[] = [];
  const logs: LogRecord[] = [];
  let changes = 0;
  const transport = new DirectTransport(
    {
      listen: { host: '10.0.0.1', port: 7001 },
      peers: new Map([['node-b' as NodeId, { host: '10.0.0.2', port: 7001 }]]),
    },
    {
      clock: system.clock,
      random: seededRandom(1),
      log: makeLogger(
        'wg',
        () => 0,
        (record) => logs.push(record),
      ),
      openUdp: system.openUdp,
    },
    {
      datagram: (bytes) => received.push(bytes),
      changed: () => {
        changes++;
      },
    },
  );
  return { transport, received, logs, changes: () => changes };
};

const PEER = { host: '10.0.0.2', port: 7001 };

describe('the direct transport', () => {
  test('opens a failed socket again, waiting longer after each refusal, up to five seconds', async () => {
    const system = fakeSystem();
    const { transport, logs } = make(system);
    await transport.open();
    system.refuse('EADDRNOTAVAIL');
    system.opened[0]!.events.failed('ENETDOWN');
    expect(transport.status()).toMatchObject({ state: 'down', lastError: 'ENETDOWN', local: null });
    expect(system.opened[0]!.closed).toBe(true);
    await system.clock.advance(60_000);
    const waits = system.refusedAt.map((at, index) => at - (system.refusedAt[index - 1] ?? 0));
    expect(
      waits.slice(0, 6).every((wait, index) => wait >= 50 * 2 ** index && wait <= 100 * 2 ** index),
    ).toBe(true);
    expect(waits.slice(6).every((wait) => wait >= 2500 && wait <= 5000)).toBe(true);
    expect(transport.status().lastError).toBe('EADDRNOTAVAIL');
    // One line for the failure, none for each try.
    expect(logs.map(({ error }) => error?.code)).toEqual(['transport.socket-failed']);

    system.refuse(null);
    await system.clock.advance(5000);
    expect(transport.status()).toMatchObject({ state: 'up', local: '10.0.0.1:7001' });
    await transport.close();
  });

  test('hears nothing from a socket that it has given up', async () => {
    const system = fakeSystem();
    const { transport, received } = make(system);
    await transport.open();
    const [first] = system.opened;
    first!.events.failed('ENETDOWN');
    await system.clock.advance(1000);
    expect(system.opened).toHaveLength(2);
    first!.events.datagram(Uint8Array.of(1), PEER);
    first!.events.failed('EBADF');
    expect(received).toEqual([]);
    expect(transport.status().state).toBe('up');
    system.opened[1]!.events.datagram(Uint8Array.of(2), PEER);
    expect(received).toEqual([Uint8Array.of(2)]);
    await transport.close();
  });

  test('stays up when a single datagram cannot be sent, and says why in its status', async () => {
    const system = fakeSystem();
    const { transport, changes } = make(system);
    await transport.open();
    system.failSends('EHOSTUNREACH');
    const before = changes();
    expect(transport.send('node-b' as NodeId, Uint8Array.of(1))).toBe('sent');
    expect(transport.status()).toMatchObject({ state: 'up', lastError: 'EHOSTUNREACH', sent: 1 });
    expect(changes()).toBe(before);
    await transport.close();
  });

  test('that was closed while it waited to open again stays closed', async () => {
    const system = fakeSystem();
    const { transport } = make(system);
    await transport.open();
    system.opened[0]!.events.failed('ENETDOWN');
    await transport.close();
    await system.clock.advance(60_000);
    expect(system.opened).toHaveLength(1);
  });

  test('counts what it drops by reason', async () => {
    const system = fakeSystem();
    const { transport, received } = make(system);
    await transport.open();
    const { events } = system.opened[0]!;
    events.datagram(new Uint8Array(), PEER);
    events.datagram(new Uint8Array(1201), PEER);
    for (let count = 0; count < 1100; count++) events.datagram(new Uint8Array(10), PEER);
    expect(transport.drops()).toEqual({ empty: 1, 'too-large': 1, rate: 100 });
    expect(transport.status()).toMatchObject({ received: 1000, dropped: 102 });
    expect(received).toHaveLength(1000);
    await transport.close();
  });
});
