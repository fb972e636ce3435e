import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { decodeBody, kindOfType } from '@rustbalance/actors/election/wire/decode-message.js';
import { encodeBody } from '@rustbalance/actors/election/wire/encode-message.js';
import type { NodeTag } from '@rustbalance/actors/election/wire/header.js';
import { LARGEST_BODY, SMALLEST_BODY, SMALLEST_DATAGRAM } from '@rustbalance/actors/election/wire/limits.js';
import { MESSAGE_TYPE } from '@rustbalance/actors/election/wire/message-types.js';
import type {
  Message,
  MessageKind,
  ProbeId,
  SetDigest,
} from '@rustbalance/actors/election/wire/message-types.js';
import { anyMessage, anySentAt } from './support/arbitrary-messages.js';

const KINDS = Object.keys(MESSAGE_TYPE) as MessageKind[];

describe('a message', () => {
  test('that is encoded and decoded is the same, and fits one datagram', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyMessage, anySentAt, (message, sentAtMs) => {
        seen.add(message.kind);
        const body = encodeBody({ sentAtMs, message });
        expect(body.length).toBeLessThanOrEqual(LARGEST_BODY);
        expect(decodeBody(message.kind, body)).toEqual({ sentAtMs, message });
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual([...KINDS].sort());
  });

  test('that is cut anywhere or has a byte more is refused', () => {
    fc.assert(
      fc.property(anyMessage, anySentAt, fc.nat(), (message, sentAtMs, at) => {
        const body = encodeBody({ sentAtMs, message });
        expect(decodeBody(message.kind, body.subarray(0, at % body.length))).toBeNull();
        expect(decodeBody(message.kind, Uint8Array.of(...body, 0))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test('of random or damaged bytes is decoded or refused, never thrown on', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 1200 }), (kind, bytes) => {
        const decoded = decodeBody(kind, bytes);
        if (decoded !== null) expect(encodeBody(decoded)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const body = encodeBody({ sentAtMs: 1, message });
        body[at % body.length] = (body[at % body.length] ?? 0) ^ flip;
        const decoded = decodeBody(message.kind, body);
        if (decoded !== null) expect(encodeBody(decoded)).toEqual(body);
      }),
      { numRuns: 1000 },
    );
  });

  test('with a counter input beyond what a revision counter takes is refused', () => {
    const heartbeat = fc
      .sample(anyMessage, { seed: 1, numRuns: 200 })
      .find(({ kind }) => kind === 'heartbeat');
    if (heartbeat?.kind !== 'heartbeat') throw new Error('no heartbeat among the samples');
    const timePeriod = 1 as TimePeriodNumber;
    const good = { ...heartbeat, counters: [{ timePeriod, n: 2 ** 20 }] };
    const bad = { ...heartbeat, counters: [{ timePeriod, n: 2 ** 20 + 1 }] };
    expect(decodeBody('heartbeat', encodeBody({ sentAtMs: 1, message: good }))).not.toBeNull();
    expect(decodeBody('heartbeat', encodeBody({ sentAtMs: 1, message: bad }))).toBeNull();
  });

  test('takes the bytes that the protocol documents', () => {
    const none = new Uint8Array(8);
    const overhead = SMALLEST_DATAGRAM - SMALLEST_BODY;
    const size = (message: Message): number => overhead + encodeBody({ sentAtMs: 1, message }).length;
    const heartbeat: Message = {
      kind: 'heartbeat',
      revision: 1,
      flags: {
        publisher: true,
        hasKey: true,
        able: true,
        listening: false,
        strained: false,
        withholds: false,
        unfit: false,
      },
      priority: 1,
      leaseRemainingMs: 60_000,
      holder: none as NodeTag,
      points: { digest: null, count: 3 },
      visiblePoints: 9,
      members: { digest: none as SetDigest, count: 3 },
      counters: [1, 2].map((period) => ({ timePeriod: period as TimePeriodNumber, n: 1 })),
    };
    expect(overhead).toBe(82);
    expect(size(heartbeat)).toBe(147);
    expect(
      size({ ...heartbeat, counters: [1, 2, 3, 4].map((n) => ({ timePeriod: n as TimePeriodNumber, n })) }),
    ).toBe(163);
    expect(size({ kind: 'probe', id: none as ProbeId, seenRevision: 1 })).toBe(100);
    expect(size({ kind: 'probe-ack', id: none as ProbeId, probeReceivedAtMs: 1, seenRevision: 1 })).toBe(106);
    expect(size({ kind: 'goodbye' })).toBe(88);
  });

  test('type that this version does not know has no kind', () => {
    expect(KINDS.map((kind) => kindOfType(MESSAGE_TYPE[kind]))).toEqual(KINDS);
    expect([0, 13, 31, 38, 255].map(kindOfType)).toEqual([null, null, null, null, null]);
  });
});
