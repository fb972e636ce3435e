import { afterEach, describe, expect, test } from 'vitest';
import { LARGEST_DATAGRAM } from '@rustbalance/actors/wg/messages.js';
import type { Transport, TransportEvents } from '@rustbalance/actors/wg/transport.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { eventually } from './eventually.js';

/** One end of a pair of transports that reach each other. */
export interface TransportEnd {
  readonly id: NodeId;
  readonly transport: Transport;
  /** What arrived, in order. */
  readonly received: Uint8Array[];
}

export interface TransportPair {
  readonly a: TransportEnd;
  readonly b: TransportEnd;
  /** Makes an end anew at the same place, as a restarted node would. */
  again(end: 'a' | 'b'): Promise<TransportEnd>;
  /** Breaks what the end sends and receives through, without telling it. */
  breakDown(end: 'a' | 'b'): void;
  /** Brings bytes to an end that no transport would send: too many, or none. */
  inject(end: 'a' | 'b', bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Events that record, for building an end. */
export const recording = (received: Uint8Array[]): TransportEvents => ({
  datagram: (bytes) => {
    received.push(bytes);
  },
  changed: () => undefined,
});

const PATIENCE = { timeoutMs: 15_000, everyMs: 10 };

const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill);

/** What every transport must do, whatever carries its datagrams. */
export const describeTransport = (name: string, makePair: () => Promise<TransportPair>): void => {
  describe(`transport ${name}`, () => {
    let pair: TransportPair | null = null;
    afterEach(async () => {
      await pair?.end();
      pair = null;
    });
    const open = async (): Promise<TransportPair> => {
      const made = await makePair();
      pair = made;
      return made;
    };
    /** Datagrams may be lost anywhere: what must arrive is sent until it does. */
    const arrives = async (from: TransportEnd, to: TransportEnd, payload: Uint8Array): Promise<void> => {
      await eventually(
        'the datagram arrives',
        () => {
          if (to.received.some((got) => Buffer.compare(got, payload) === 0)) return true;
          from.transport.send(to.id, payload);
          return false;
        },
        PATIENCE,
      );
    };

    test('brings datagrams both ways, unchanged', async () => {
      const { a, b } = await open();
      await arrives(a, b, Uint8Array.of(0, 1, 2, 255));
      await arrives(b, a, Uint8Array.of(9, 8, 0));
      expect(a.transport.status()).toMatchObject({ state: 'up', transport: a.transport.name });
    });

    test('carries the largest datagram, and refuses to send a larger one or none', async () => {
      const { a, b } = await open();
      await arrives(a, b, bytes(LARGEST_DATAGRAM));
      expect(a.transport.send(b.id, bytes(LARGEST_DATAGRAM + 1))).toBe('too-large');
      expect(a.transport.send(b.id, new Uint8Array())).toBe('too-large');
      expect(b.received.every(({ length }) => length === LARGEST_DATAGRAM)).toBe(true);
    });

    test('drops and counts what arrives larger than that', async () => {
      const { a, b, inject } = await open();
      await eventually(
        'the drop is counted',
        async () => {
          await inject('b', bytes(LARGEST_DATAGRAM + 1));
          return b.transport.drops()['too-large'];
        },
        PATIENCE,
      );
      expect(b.received).toEqual([]);
      expect(b.transport.status().dropped).toBeGreaterThan(0);
      await arrives(a, b, bytes(5));
    });

    test('hands on what strangers send, because only the seal tells who sent it', async () => {
      const { b, inject } = await open();
      await eventually(
        'the datagram of a stranger arrives',
        async () => {
          await inject('b', bytes(100, 3));
          return b.received.length > 0;
        },
        PATIENCE,
      );
      expect(b.received[0]).toEqual(bytes(100, 3));
    });

    test('gives the receiver bytes of its own, which no later datagram changes', async () => {
      const { a, b } = await open();
      await arrives(a, b, bytes(50, 1));
      const first = b.received[0]!;
      expect(first.buffer.byteLength).toBe(first.length);
      await arrives(a, b, bytes(50, 2));
      expect(first).toEqual(bytes(50, 1));
    });

    test('knows no way to a node that is not configured', async () => {
      const { a } = await open();
      expect(a.transport.send('nobody' as NodeId, bytes(10))).toBe('no-route');
    });

    test('reaches a peer again that was made anew', async () => {
      const made = await open();
      await made.b.transport.close();
      const b = await made.again('b');
      await arrives(made.a, b, bytes(20));
      await arrives(b, made.a, bytes(21));
    });

    test('mends itself after its carrier broke down', async () => {
      const { a, b, breakDown } = await open();
      breakDown('a');
      expect(a.transport.status().state).toBe('down');
      expect(a.transport.status().lastError).not.toBeNull();
      expect(a.transport.send(b.id, bytes(10))).toBe('down');
      await eventually('it is up again', () => a.transport.status().state === 'up', PATIENCE);
      await arrives(a, b, bytes(30));
      await arrives(b, a, bytes(31));
    });

    test('sends and receives nothing once closed, and may be closed twice', async () => {
      const { a, b } = await open();
      await arrives(a, b, bytes(10));
      await b.transport.close();
      await b.transport.close();
      const before = b.received.length;
      a.transport.send(b.id, bytes(11));
      expect(b.transport.send(a.id, bytes(12))).toBe('down');
      expect(b.transport.status().state).toBe('down');
      await arrives(a, await (pair as TransportPair).again('b'), bytes(13));
      expect(b.received).toHaveLength(before);
    });

    test('lets no flood of strangers crowd out its peers', async () => {
      const { a, b, inject } = await open();
      for (let sent = 0; sent < 2000; sent++) await inject('b', bytes(90, 4));
      await eventually('strangers are dropped', () => (b.transport.drops().rate ?? 0) > 0, PATIENCE);
      await arrives(a, b, bytes(40, 5));
    });
  });
};
