import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownSet } from '@rustbalance/actors/election/own-points.js';
import type { OwnSet } from '@rustbalance/actors/election/own-points.js';
import { EMPTY_INBOX, forNewEpoch, receivePart } from '@rustbalance/actors/election/points-inbox.js';
import type { PointsInbox } from '@rustbalance/actors/election/points-inbox.js';
import { encodeBody } from '@rustbalance/actors/election/wire/encode-message.js';
import type { IntroductionPointsPart } from '@rustbalance/actors/election/wire/message-types.js';
import type { OwnIntroductionPoints } from '@rustbalance/actors/tor/messages.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { examplePoints } from '../../support/simulation/example-points.js';

const own = (
  points: readonly IntroductionPoint[],
  flowControl: string | null = '1-2 31',
): OwnIntroductionPoints => ({
  points,
  timePeriod: null,
  create2Formats: [2],
  flowControl,
  causedAtMs: 0,
});

/** The parts as they arrive, 40 ms after Tor's event. */
const partsOf = ({ parts }: OwnSet): IntroductionPointsPart[] =>
  parts.map((part) => ({ ...part, ageMs: 40 }));

const receiveAll = (inbox: PointsInbox, parts: readonly IntroductionPointsPart[]): PointsInbox =>
  parts.reduce((state, part) => receivePart(state, part, 42).inbox, inbox);

describe('a node’s own introduction points', () => {
  test.each([
    [0, 1],
    [3, 1],
    [5, 1],
    [10, 2],
    [20, 4],
  ])('%i of the ordinary size go out in %i datagrams', (points, datagrams) => {
    const set = ownSet(own(examplePoints('x', points)), null);
    expect(set.parts).toHaveLength(datagrams);
    for (const message of partsOf(set)) encodeBody({ sentAtMs: 1, message });
  });

  test('keep their digest and version when Tor lists them in another order', () => {
    const points = examplePoints('x', 6);
    const set = ownSet(own(points), null);
    expect(ownSet(own([...points].reverse()), set)).toBe(set);
  });

  test('get a new version when a point, or a protocol line, is another one', () => {
    const set = ownSet(own(examplePoints('x', 3)), null);
    const changed = ownSet(own(examplePoints('y', 3)), set);
    expect(changed.version).toBe(set.version + 1);
    expect(ownSet(own(examplePoints('y', 3), null), changed).version).toBe(set.version + 2);
  });

  test('that no datagram can carry are left out and counted', () => {
    const [good, bad] = examplePoints('x', 2) as [IntroductionPoint, IntroductionPoint];
    const huge = {
      ...bad,
      linkSpecifiers: Array.from({ length: 9 }, () => ({ type: 9, data: new Uint8Array(9) })),
    };
    expect(ownSet(own([good, huge]), null)).toMatchObject({ count: 1, left: 1 });
    expect(ownSet(own(examplePoints('x', 25)), null)).toMatchObject({ count: 20, left: 5 });
  });

  test('of the largest size that is allowed still fit, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 64 }), (count, each) => {
        const points = examplePoints('x', count).map((point) => ({
          ...point,
          linkSpecifiers: Array.from({ length: 8 }, () => ({ type: 7, data: new Uint8Array(each) })),
        }));
        const set = ownSet(own(points, 'x'.repeat(64)), null);
        expect(set.parts.length).toBeLessThanOrEqual(20);
        for (const message of partsOf(set)) encodeBody({ sentAtMs: 1, message });
        expect(receiveAll(EMPTY_INBOX, partsOf(set)).committed?.points).toHaveLength(count);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a peer’s introduction points', () => {
  const firstSet = ownSet(own(examplePoints('first', 10)), null);
  const first = partsOf(firstSet);
  const second = partsOf(ownSet(own(examplePoints('second', 10)), firstSet));

  test('are taken when all parts are there, in any order, and acknowledged then', () => {
    const [one, two] = second as [IntroductionPointsPart, IntroductionPointsPart];
    const half = receivePart(EMPTY_INBOX, two, 1);
    expect(half).toMatchObject({ acknowledge: false, inbox: { committed: null } });
    const whole = receivePart(half.inbox, one, 99);
    expect(whole.acknowledge).toBe(true);
    expect(whole.inbox.committed).toMatchObject({
      causedAtMs: 59,
      flowControl: '1-2 31',
      create2Formats: [2],
    });
    expect(whole.inbox.committed?.points).toHaveLength(10);
  });

  test('that arrive again are acknowledged again and change nothing', () => {
    const inbox = receiveAll(EMPTY_INBOX, first);
    const again = receivePart(inbox, first[0]!, 1000);
    expect(again).toEqual({ acknowledge: true, inbox });
  });

  test('of an older version that arrive late are ignored', () => {
    const inbox = receiveAll(EMPTY_INBOX, second);
    expect(receivePart(inbox, first[0]!, 1)).toEqual({ inbox, acknowledge: false });
  });

  test('of two versions are never mixed', () => {
    const inbox = receiveAll(EMPTY_INBOX, [first[0]!, second[1]!, first[1]!]);
    expect(inbox.committed).toBeNull();
    expect(receiveAll(inbox, [second[0]!]).committed?.digest).toEqual(second[0]!.digest);
  });

  test('that are not what their digest says are not taken', () => {
    const wrong = second.map((part) => ({ ...part, digest: first[0]!.digest }));
    expect(receiveAll(EMPTY_INBOX, wrong).committed).toBeNull();
  });

  test('stay as they were over a restart of the peer, until it sends its first version', () => {
    const inbox = forNewEpoch(receiveAll(EMPTY_INBOX, second));
    expect(inbox.committed?.digest).toEqual(second[0]!.digest);
    expect(receiveAll(inbox, first).committed?.digest).toEqual(first[0]!.digest);
  });

  test('arrive whole through any loss, doubling and reordering, once every part has come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1), { minLength: 1, maxLength: 30 }), (order) => {
        const inbox = receiveAll(
          EMPTY_INBOX,
          order.map((at) => first[at]!),
        );
        expect(inbox.committed !== null).toBe(new Set(order).size === 2);
      }),
    );
  });
});
