import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { MOST_INTRODUCTION_POINTS } from '@rustbalance/crypto-worker/descriptor/limits.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { relayIdentity, relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import { relayByFingerprint } from '@rustbalance/crypto-worker/network/relay-table.js';
import { introductionPointProblem } from '@rustbalance/crypto-worker/introduction-point-check.js';
import type { Contribution, RelayTable } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeIntroductionPoints } from '../election/messages.js';
import type { NodeId } from '../kernel/brands.js';
import type { OwnIntroductionPoints } from '../tor/messages.js';
import { commonLines } from './protocol-lines.js';
import type { ProtocolLines } from './protocol-lines.js';

/** What every live node brings to the descriptor, and what was left out and why. */
export interface Offer {
  readonly contributions: readonly Contribution[];
  readonly lines: ProtocolLines;
  readonly refused: readonly { readonly node: NodeId; readonly fault: string }[];
}

/** Is its relay in the consensus? */
const isListed = (point: IntroductionPoint, relays: RelayTable): boolean => {
  const relay = relayIdentity(point.linkSpecifiers);
  return relay !== null && relayByFingerprint(relays, relay.fingerprint)?.running === true;
};

/**
 * Tor gives a point up whose relay left the consensus, at its next look. Where all have left, the consensus may be
 * what is wrong: points that may be dead are better than none.
 */
const listedOwn = (
  points: readonly IntroductionPoint[],
  relays: RelayTable,
): readonly IntroductionPoint[] => {
  const listed = points.filter((point) => isListed(point, relays));
  return listed.length === 0 ? points : listed;
};

/**
 * Own points come from our own Tor, which extends to their relays: they need no second look but at the consensus. A
 * peer's are held against it first: one that cannot be encoded would cost the cluster its whole descriptor.
 */
export const assembleOffer = (
  self: NodeId,
  own: OwnIntroductionPoints | null,
  peers: readonly NodeIntroductionPoints[],
  relays: RelayTable,
  now: UnixSeconds,
): Offer => {
  const contributions: Contribution[] = [];
  const lines: ProtocolLines[] = [];
  const refused: { node: NodeId; fault: string }[] = [];
  if (own !== null && own.points.length > 0) {
    contributions.push({ nodeId: self, introductionPoints: listedOwn(own.points, relays) });
    lines.push(own);
  }
  for (const peer of peers) {
    const accepted = peer.points.filter((point) => {
      const problem = introductionPointProblem(point, { relays, now });
      if (problem !== null) refused.push({ node: peer.node, fault: problem.detail });
      return problem === null;
    });
    if (accepted.length === 0) continue;
    contributions.push({ nodeId: peer.node, introductionPoints: accepted });
    lines.push(peer);
  }
  return { contributions, lines: commonLines(lines), refused };
};

/** Names every introduction point on offer, by auth key: what an emergency is judged by. */
export const offeredKeys = (contributions: readonly Contribution[]): ReadonlySet<string> =>
  new Set(
    contributions.flatMap(({ introductionPoints }) =>
      introductionPoints.map(({ authKey }) => bytesKey(authKey)),
    ),
  );

/** How many points a descriptor of this offer has: one for each relay, as far as there is room (merge.ts). */
export const mergedSize = (contributions: readonly Contribution[]): number => {
  const relays = contributions.flatMap(({ introductionPoints }) => introductionPoints.map(relayOf));
  return Math.min(new Set(relays.filter((relay) => relay !== null)).size, MOST_INTRODUCTION_POINTS);
};

/** Two contributions of a node with the same key are the same introduction points. */
export const contributionKey = ({ nodeId, introductionPoints }: Contribution): string => {
  const points = introductionPoints
    .map((point) => `${bytesKey(point.authKey)}:${bytesKey(point.encKey)}`)
    .sort();
  return `${nodeId}=${points.join(',')}`;
};

/** Two offers with the same key make the same descriptors: compared by content, never by count. */
export const offerKey = (offer: Offer): string => {
  const nodes = offer.contributions.map(contributionKey);
  return [...nodes.sort(), offer.lines.create2Formats.join(','), offer.lines.flowControl ?? '-'].join(';');
};
