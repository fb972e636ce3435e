/**
 * Whose introduction points go into the shared descriptor. Clients pick a point at random, so a node's share of
 * the points is its share of the clients.
 */
import type { ExpandedSecretKey, TimePeriodNumber } from './brands.js';
import { MOST_INTRODUCTION_POINTS } from './descriptor/limits.js';
import { assertLength, bytesKey, concatBytes, uint64, utf8 } from './encoding/bytes.js';
import { sha3, shake256 } from './hash.js';
import type { IntroductionPoint } from './introduction-point.js';
import { introductionPointName, introductionPointSetDigest } from './introduction-point-set.js';
import { relayOf } from './link-specifiers.js';
import { type Result, ok } from './result.js';
import type { Contribution, MergeInput, MergedForPeriod, MergedIntroductionPoint } from './task-types.js';

const ORDER_DOMAIN = utf8('RustBalance introduction point order v1\0');

/** Gives every name a place that nobody can foretell or choose without the seed. */
type Rank = (name: string) => string;

const rankBy =
  (seed: Uint8Array): Rank =>
  (name) =>
    bytesKey(sha3(concatBytes(seed, utf8(name))));

const sortedBy = <T>(items: readonly T[], rank: (item: T) => string): T[] =>
  items
    .map((item) => ({ item, key: rank(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);

/** One node with the points it could give, one a relay. */
interface Node {
  readonly id: string;
  readonly points: ReadonlyMap<string, IntroductionPoint>;
}

/** A C client uses only the first point of a relay that it finds, and finds it by the legacy fingerprint. */
const nodeOf = (id: string, points: readonly IntroductionPoint[], rank: Rank): Node => {
  const byRelay = new Map<string, IntroductionPoint>();
  for (const point of sortedBy(points, (each) => rank(introductionPointName(each)))) {
    const relay = relayOf(point);
    if (relay !== null && !byRelay.has(relay)) byRelay.set(relay, point);
  }
  return { id, points: byRelay };
};

const nodesOf = (contributions: readonly Contribution[], rank: Rank): Node[] => {
  const byId = new Map<string, IntroductionPoint[]>();
  for (const { nodeId, introductionPoints } of contributions) {
    byId.set(nodeId, [...(byId.get(nodeId) ?? []), ...introductionPoints]);
  }
  return sortedBy([...byId], ([id]) => rank(`node ${id}`)).map(([id, points]) => nodeOf(id, points, rank));
};

/** Which node has which relay. */
type Assignment = Map<string, Node>;

/**
 * Gives a node one relay more, moving other nodes to relays that they could use as well where that frees one
 * (an augmenting path in the bipartite graph of nodes and relays).
 */
const giveOneMore = (node: Node, assigned: Assignment, visited: Set<string>): boolean => {
  for (const relay of node.points.keys()) {
    if (visited.has(relay) || assigned.get(relay) === node) continue;
    visited.add(relay);
    const holder = assigned.get(relay);
    if (holder === undefined || giveOneMore(holder, assigned, visited)) {
      assigned.set(relay, node);
      return true;
    }
  }
  return false;
};

/**
 * Rounds: each node in turn gets one relay more as long as that is possible at all. No node can then have more
 * at the expense of one that has fewer (max-min fairness), and contested relays go to whoever has fewest.
 */
const assign = (nodes: readonly Node[], limit: number): Assignment => {
  const assigned: Assignment = new Map();
  let hungry = nodes;
  while (hungry.length > 0 && assigned.size < limit) {
    hungry = hungry.filter((node) => assigned.size < limit && giveOneMore(node, assigned, new Set()));
  }
  return assigned;
};

/**
 * Merges for one period. The result depends on the seed and on the set alone, not on the order of the input or
 * on who computes it.
 */
export const mergeWithSeed = (
  contributions: readonly Contribution[],
  seed: Uint8Array,
  limit: number = MOST_INTRODUCTION_POINTS,
): readonly MergedIntroductionPoint[] => {
  const rank = rankBy(seed);
  const assigned = assign(nodesOf(contributions, rank), Math.min(limit, MOST_INTRODUCTION_POINTS));
  const merged = [...assigned].flatMap(([relay, { id, points }]) => {
    const introductionPoint = points.get(relay);
    return introductionPoint === undefined ? [] : [{ nodeId: id, introductionPoint }];
  });
  return sortedBy(merged, ({ introductionPoint }) =>
    rank(`place ${introductionPointName(introductionPoint)}`),
  );
};

/** SHAKE-256 over domain, secret key and period, then hashed with the set. */
const seedOf = (
  master: ExpandedSecretKey,
  timePeriod: TimePeriodNumber,
  contributions: readonly Contribution[],
): Uint8Array => {
  assertLength(master, 64, 'expanded secret key');
  const orderKey = shake256(32, ORDER_DOMAIN, master, uint64(timePeriod));
  return sha3(orderKey, introductionPointSetDigest(contributions.flatMap((each) => each.introductionPoints)));
};

/** Task: merges the same contributions for several periods, each with an order of its own. */
export const mergeIntroductionPoints = (input: MergeInput): Result<readonly MergedForPeriod[]> =>
  ok(
    input.timePeriods.map((timePeriod) => {
      const seed = seedOf(input.masterSecret, timePeriod, input.contributions);
      return { timePeriod, merged: mergeWithSeed(input.contributions, seed, input.limit) };
    }),
  );
