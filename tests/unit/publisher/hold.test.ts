import { describe, expect, test } from 'vitest';
import type { Absence, AbsentMember } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { Visit } from '@rustbalance/actors/publisher/effects.js';
import {
  FREE,
  afterJudging,
  afterSeeing,
  afterVisit,
  closedFor,
} from '@rustbalance/actors/publisher/hold.js';
import type { Cause, Hold, HoldView } from '@rustbalance/actors/publisher/hold.js';
import type { Sighting } from '@rustbalance/actors/publisher/sighting.js';
import { balance } from '@rustbalance/actors/publisher/sighting.js';

const S = 1000;

const keys = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name}${String(at)}`);

const ours = { keys: new Set(keys('our', 3)), size: 3, former: new Set(keys('old', 3)) };

const theirs = (...of: readonly string[][]): Extract<Sighting, { kind: 'theirs' }> => ({
  kind: 'theirs',
  revisionCounter: 7n,
  n: 7,
  keys: of.flat(),
});

const absent = (...how: readonly Absence[]): AbsentMember[] =>
  how.map((one, at) => ({ id: `node-${String(at)}` as NodeId, how: one }));

const view = (more: Partial<HoldView> = {}): HoldView => ({
  absent: absent('unheard'),
  ours,
  need: 'first',
  takeOverMs: 120 * S,
  refreshMs: 600 * S,
  ...more,
});

describe('a descriptor of another publisher, held against three points of ours,', () => {
  test.each<[string, string[][], ReturnType<typeof balance>]>([
    ['with our own dead points only', [keys('old', 3)], 'covered'],
    ['with what we would publish', [keys('our', 3)], 'covered'],
    ['with our dead points and two of others', [keys('old', 3), keys('x', 2)], 'richer'],
    ['with two points of others', [keys('x', 2)], 'richer'],
    ['with as many of others', [keys('x', 3)], 'contested'],
    ['with more of others', [keys('x', 9)], 'contested'],
    ['with more of others and one of ours', [keys('x', 9), keys('our', 1)], 'mixed'],
  ])('%s', (_what, there, expected) => {
    expect(balance(theirs(...there), ours)).toBe(expected);
  });
});

describe('uploads', () => {
  const verdict = (hold: Hold, seen: HoldView, nowMs: number) => afterJudging(hold, seen, nowMs).verdict;

  test.each<[string, Partial<HoldView>, boolean]>([
    ['nobody is out of contact', { absent: [], need: null }, true],
    ['nothing calls for a look', { need: null }, true],
    ['a lease begins without a word from somebody', { need: 'first' }, false],
    ['points of a silent node are left out', { need: 'removal', absent: absent('silent') }, false],
  ])('when %s', (_when, more, open) => {
    expect(verdict(FREE, view(more), 0).open).toBe(open);
  });

  test.each<[string, Cause, Sighting, Partial<HoldView>, boolean | string]>([
    ['nothing is there', 'first', { kind: 'nothing' }, {}, true],
    ['nothing newer than ours is there', 'removal', { kind: 'ours' }, {}, true],
    [
      'points of ours that were replaced since are there, and the others were silent for a take-over',
      'first',
      theirs(keys('old', 3), keys('x', 3)),
      { absent: absent('silent') },
      true,
    ],
    [
      'the same is there, and the others were never heard',
      'first',
      theirs(keys('old', 3), keys('x', 3)),
      {},
      'looking whether another publisher answers',
    ],
    [
      'none of ours is there, and the others were silent for a take-over',
      'first',
      theirs(keys('x', 3)),
      { absent: absent('silent') },
      'looking whether another publisher answers',
    ],
    ['no HSDir says anything', 'first', { kind: 'unseen' }, {}, 'looking at what the HSDirs hold'],
    [
      'ours would take nothing from clients with the points of a node that says more in a moment',
      'first',
      theirs(keys('our', 3)),
      { absent: absent('arriving') },
      'another node is in contact and has not said yet whether it publishes',
    ],
    ['ours takes nothing from clients', 'first', theirs(keys('old', 3)), {}, true],
    ['ours is richer', 'conflict', theirs(keys('x', 2)), {}, true],
    ['ours is no richer', 'first', theirs(keys('x', 3)), {}, 'looking whether another publisher answers'],
    [
      'ours is no richer, in conflict',
      'conflict',
      theirs(keys('x', 3)),
      { need: null },
      'looking whether another publisher answers',
    ],
    ['all are in contact by now', 'conflict', theirs(keys('x', 9)), { absent: [], need: null }, true],
    [
      'the death of all others is agreed by now',
      'first',
      theirs(keys('x', 9)),
      { absent: absent('gone'), need: null },
      true,
    ],
    [
      'it has points of ours, and a node was never heard',
      'first',
      theirs(keys('x', 3), keys('our', 1)),
      {},
      'the descriptor that stands has introduction points of nodes that are not in contact',
    ],
    [
      'it has points of ours, of a node that was silent for a whole take-over',
      'first',
      theirs(keys('x', 3), keys('our', 1)),
      { absent: absent('silent') },
      true,
    ],
  ])('after a look, when %s', (_when, cause, seen, more, expected) => {
    const now = verdict(afterSeeing(closedFor(FREE, cause, 0), seen, 300), view(more), 300);
    expect(now.open ? true : now.reason).toBe(expected);
  });
});

/** Plays looks that each find the same, until uploads are free; when that is (s), and how often was looked. */
const play = (
  cause: Cause,
  seen: Sighting,
  visits: (look: number) => Visit,
  more: Partial<HoldView> = {},
  untilS = 3600,
): { readonly freeAtS: number | null; readonly looks: number; readonly why: string | null } => {
  const seenBy = view(more);
  let hold = closedFor(FREE, cause, 0);
  let looks = 0;
  for (let nowMs = 0; nowMs < untilS * S;) {
    const step = afterJudging(hold, seenBy, nowMs);
    hold = step.hold;
    if (step.verdict.open) return { freeAtS: nowMs / S, looks, why: step.verdict.why };
    if (!step.verdict.look) {
      expect(step.verdict.dueMs).toBeGreaterThan(nowMs);
      nowMs = step.verdict.dueMs;
      continue;
    }
    hold = afterSeeing(hold, seen, (nowMs += 300));
    if (seen.kind !== 'theirs' || balance(seen, ours) !== 'contested') continue;
    const visit = visits(looks++);
    if (visit === 'silent') nowMs += 25 * S;
    if (visit === 'answers') nowMs += 1 * S;
    hold = afterVisit(hold, visit, seenBy.takeOverMs, 0.5, nowMs);
  }
  return { freeAtS: null, looks, why: null };
};

describe('a descriptor that ours would not outweigh', () => {
  const poorer = theirs(keys('x', 6));

  test('of a dead cluster is replaced by its last survivor within a take-over', () => {
    const { freeAtS, looks, why } = play('first', poorer, () => 'silent');
    expect(why).toBe('silence');
    expect(looks).toBe(3);
    expect(freeAtS).toBeLessThan(120);
  });

  test('of a node that fell silent long ago is replaced after one visit in vain', () => {
    const played = play('first', poorer, () => 'silent', { absent: absent('silent') });
    expect(played).toMatchObject({ looks: 1, why: 'silence' });
    expect(played.freeAtS).toBeLessThan(30);
  });

  test('stays as long as somebody answers there, and is looked at every 30 to 60 s', () => {
    const { freeAtS, looks } = play('first', poorer, () => 'answers');
    expect(freeAtS).toBeNull();
    expect(looks).toBeGreaterThan(3600 / 60);
    expect(looks).toBeLessThan(3600 / 30);
  });

  test.each<Cause>(['first', 'removal', 'conflict'])(
    'that answered once is replaced after three visits in vain (%s)',
    (cause) => {
      const { looks, why } = play(cause, poorer, (look) => (look === 0 ? 'answers' : 'silent'));
      expect({ looks, why }).toEqual({ looks: 4, why: 'silence' });
    },
  );

  test.each<Cause>(['first', 'conflict'])('that answers now and then is not replaced (%s)', (cause) => {
    expect(play(cause, poorer, (look) => (look % 3 === 0 ? 'answers' : 'silent')).freeAtS).toBeNull();
  });

  test.each<[string, Sighting, Visit]>([
    ['where no visit can be made', poorer, 'unknown'],
    ['where a visit would prove nothing', theirs(keys('x', 6), keys('our', 1)), 'unknown'],
    ['that no HSDir shows', { kind: 'unseen' }, 'unknown'],
  ])('%s holds uploads for the time of a take-over', (_where, seen, visit) => {
    const { freeAtS, why } = play('first', seen, () => visit);
    expect(why).toBe('patience');
    expect(freeAtS).toBe(120);
  });

  test('is replaced as soon as ours outweighs it, but at most once in a refresh interval', () => {
    const seen = theirs(keys('x', 2));
    const first = afterJudging(afterSeeing(closedFor(FREE, 'conflict', 0), seen, 0), view({ need: null }), 0);
    expect(first.verdict).toEqual({ open: true, why: 'richer' });
    const again = afterSeeing(closedFor(first.hold, 'conflict', 60 * S), seen, 60 * S);
    expect(afterJudging(again, view({ need: null }), 61 * S).verdict).toMatchObject({
      open: false,
      reason: "another publisher's descriptor was replaced a while ago",
    });
    expect(afterJudging(again, view({ need: null }), 600 * S).verdict).toMatchObject({ open: true });
  });
});
