import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { introductionPointSetDigest } from '@rustbalance/crypto-worker/introduction-point-set.js';
import { relayIdentity } from '@rustbalance/crypto-worker/link-specifiers.js';
import { mergeIntroductionPoints, mergeWithSeed } from '@rustbalance/crypto-worker/merge.js';
import type { Contribution, MergedIntroductionPoint } from '@rustbalance/crypto-worker/task-types.js';
import { PERIOD, bytesOf, identityNamed, pointNamed, toHex, valueOf } from './given.js';

/** A node's contribution with one point at each of these relays. */
const node = (nodeId: string, ...relays: (number | string)[]): Contribution => ({
  nodeId,
  introductionPoints: relays.map((relay) => cachedPoint(`${nodeId} at ${relay}`, String(relay))),
});
const cache = new Map<string, IntroductionPoint>();
const cachedPoint = (name: string, relay: string): IntroductionPoint => {
  const known = cache.get(name) ?? pointNamed(name, relay);
  cache.set(name, known);
  return known;
};

const seed = bytesOf('seed');
const shares = (merged: readonly MergedIntroductionPoint[], of: readonly Contribution[]): number[] =>
  of.map(({ nodeId }) => merged.filter((each) => each.nodeId === nodeId).length);
const relaysOf = (merged: readonly MergedIntroductionPoint[]): (string | undefined)[] =>
  merged.map((each) => relayIdentity(each.introductionPoint.linkSpecifiers)?.fingerprint);

/** Clusters of few nodes on few relays, so that most relays are contested. */
const clusters = fc
  .array(fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 })
  .map((each) => each.map((relays, at) => node(`n${at}`, ...relays)));

/** The best worst-off node, the best second-worst and so on, by trying everything. */
const fairest = (of: readonly Contribution[], limit: number): string => {
  const relays = [
    ...new Set(
      of.flatMap((each) =>
        relaysOf(
          each.introductionPoints.map((introductionPoint) => ({ nodeId: each.nodeId, introductionPoint })),
        ),
      ),
    ),
  ];
  const owners = relays.map((relay) =>
    of.flatMap((each, at) =>
      each.introductionPoints.some((p) => relayIdentity(p.linkSpecifiers)?.fingerprint === relay) ? [at] : [],
    ),
  );
  const reachable = owners.reduce<Set<string>>(
    (counts, candidates) =>
      new Set(
        [...counts].flatMap((text) => {
          const count = JSON.parse(text) as number[];
          return [text, ...candidates.map((at) => JSON.stringify(count.with(at, count[at]! + 1)))];
        }),
      ),
    new Set([JSON.stringify(of.map(() => 0))]),
  );
  const rank = (text: string): string =>
    (JSON.parse(text) as number[])
      .sort((a, b) => a - b)
      .map((n) => String(n).padStart(3, '0'))
      .join();
  const allowed = [...reachable].filter(
    (text) => (JSON.parse(text) as number[]).reduce((a, b) => a + b) <= limit,
  );
  return allowed.map(rank).sort().at(-1)!;
};

describe('a merge', () => {
  it('gives equal shares where relays differ', () => {
    const of = [node('a', 1, 2, 3), node('b', 4, 5, 6), node('c', 7, 8, 9)];
    expect(shares(mergeWithSeed(of, seed), of)).toEqual([3, 3, 3]);
  });

  it('uses each relay once and gives a contested one to the node that has fewest', () => {
    const of = [node('a', 1, 2, 3), node('b', 1)];
    const merged = mergeWithSeed(of, seed);
    expect(new Set(relaysOf(merged)).size).toBe(3);
    expect(shares(merged, of)).toEqual([2, 1]);
  });

  it('moves a node to another relay where that lets one more in', () => {
    const of = [node('a', 1, 2), node('b', 2, 3), node('c', 1)];
    for (let at = 0; at < 10; at++)
      expect(shares(mergeWithSeed(of, bytesOf(`seed ${at}`)), of)).toEqual([1, 1, 1]);
  });

  it('is as fair as any merge can be, found by trying all', () => {
    fc.assert(
      fc.property(clusters, fc.integer({ min: 1, max: 12 }), (of, limit) => {
        const merged = mergeWithSeed(of, seed, limit);
        const found = shares(merged, of)
          .sort((a, b) => a - b)
          .map((n) => String(n).padStart(3, '0'))
          .join();
        expect(found).toBe(fairest(of, limit));
        expect(new Set(relaysOf(merged)).size).toBe(merged.length);
      }),
      { numRuns: 40 },
    );
  });

  it('does not depend on the order of nodes or points, or on who lists a node twice', () => {
    fc.assert(
      fc.property(clusters, fc.infiniteStream(fc.nat()), (of, order) => {
        const shuffle = <T>(list: readonly T[]): T[] =>
          list
            .map((item) => ({ item, key: order.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map((e) => e.item);
        const other = shuffle([...of, of[0]!]).map((each) => ({
          ...each,
          introductionPoints: shuffle(each.introductionPoints),
        }));
        expect(mergeWithSeed(other, seed)).toEqual(mergeWithSeed(of, seed));
      }),
      { numRuns: 40 },
    );
  });

  it('never gives more than 20, whatever limit is asked, and takes every node in turn', () => {
    const of = Array.from({ length: 30 }, (_, at) => node(`n${at}`, `r${at}a`, `r${at}b`));
    const merged = mergeWithSeed(of, seed, 100);
    expect(merged).toHaveLength(20);
    expect(Math.max(...shares(merged, of))).toBe(1);
    expect(mergeWithSeed(of, seed, 7)).toHaveLength(7);
  });

  it('leaves out points whose relay cannot be told', () => {
    const nameless = { ...pointNamed('x'), linkSpecifiers: [{ type: 3, data: bytesOf('id') }] };
    expect(mergeWithSeed([{ nodeId: 'a', introductionPoints: [nameless] }], seed)).toEqual([]);
  });

  it('of nothing is nothing', () => {
    expect(mergeWithSeed([], seed)).toEqual([]);
    expect(mergeWithSeed([node('a')], seed)).toEqual([]);
  });
});

describe('the merge of a period', () => {
  const of = [node('a', 1, 2, 3), node('b', 4, 5, 6)];
  const orderOf = (master: string, period: number, contributions: readonly Contribution[] = of): string => {
    const [merged] = valueOf(
      mergeIntroductionPoints({
        masterSecret: identityNamed(master).secret,
        timePeriods: [period as TimePeriodNumber],
        contributions,
      }),
    );
    return merged!.merged.map((each) => toHex(each.introductionPoint.authKey)).join();
  };

  it('is the same for the same key, period and set', () => {
    expect(orderOf('m', PERIOD)).toBe(orderOf('m', PERIOD, structuredClone(of).reverse()));
  });

  it('stands in another order for another period, key or set', () => {
    const other = [...of, node('c', 7)];
    const orders = [
      orderOf('m', PERIOD),
      orderOf('m', PERIOD + 1),
      orderOf('x', PERIOD),
      orderOf('m', PERIOD, other),
    ];
    expect(new Set(orders).size).toBe(4);
  });

  it('does not mix nodes in a way that shows who contributed what: every order occurs', () => {
    const firsts = new Set(Array.from({ length: 60 }, (_, at) => orderOf('m', at).split(',')[0]));
    expect(firsts.size).toBe(6);
  });
});

describe('the digest of a set of introduction points', () => {
  const points = [pointNamed('a'), pointNamed('b')];
  const digest = (set: readonly IntroductionPoint[]): string => toHex(introductionPointSetDigest(set));

  it('ignores order and expiry', () => {
    expect(digest([...points].reverse())).toBe(digest(points));
    expect(digest(points.map((point) => ({ ...point, expires: 1 as typeof point.expires })))).toBe(
      digest(points),
    );
  });

  it('sees every other change, three replaced by three others included', () => {
    const [a, b] = points as [IntroductionPoint, IntroductionPoint];
    const changed = [
      [a],
      [a, pointNamed('c')],
      [a, { ...b, encKey: a.encKey }],
      [a, { ...b, onionKey: a.onionKey }],
      [a, { ...b, linkSpecifiers: b.linkSpecifiers.slice(1) }],
    ];
    expect(new Set([points, ...changed].map(digest)).size).toBe(changed.length + 1);
  });
});
