import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { Contribution } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeIntroductionPoints } from '../election/messages.js';
import type { NodeId } from '../kernel/brands.js';
import type { OwnIntroductionPoints } from '../tor/messages.js';
import { commonLines } from './protocol-lines.js';
import type { ProtocolLines } from './protocol-lines.js';

/** Tells whether a relay with this fingerprint (20 bytes) and Ed25519 identity (32 bytes) is in the consensus. */
export type InConsensus = (fingerprint: Uint8Array, ed25519Id: Uint8Array | null) => boolean;

export type PointFault = 'no-relay-identity' | 'relay-not-in-consensus' | 'expired' | 'malformed-key';

/** What every live node brings to the descriptor, and what was left out and why. */
export interface Offer {
  readonly contributions: readonly Contribution[];
  readonly lines: ProtocolLines;
  readonly refused: readonly { readonly node: NodeId; readonly fault: PointFault }[];
}

const LEGACY_ID = 2;
const ED25519_ID = 3;

const linkSpecifier = (point: IntroductionPoint, type: number): Uint8Array | null =>
  point.linkSpecifiers.find((specifier) => specifier.type === type)?.data ?? null;

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const malformed = (key: Uint8Array): boolean => key.length !== 32 || isZero(key);

/** Why an introduction point must not be merged; null when it may be. */
export const pointFault = (
  point: IntroductionPoint,
  inConsensus: InConsensus,
  now: UnixSeconds,
): PointFault | null => {
  const fingerprint = linkSpecifier(point, LEGACY_ID);
  if (fingerprint?.length !== 20) return 'no-relay-identity';
  if (malformed(point.authKey) || malformed(point.encKey) || malformed(point.onionKey))
    return 'malformed-key';
  if (point.expires <= now) return 'expired';
  if (!inConsensus(fingerprint, linkSpecifier(point, ED25519_ID))) return 'relay-not-in-consensus';
  return null;
};

/**
 * Own points come from our own Tor, which extends to their relays: they need no second look. A peer's are held
 * against the consensus first.
 */
export const assembleOffer = (
  self: NodeId,
  own: OwnIntroductionPoints | null,
  peers: readonly NodeIntroductionPoints[],
  inConsensus: InConsensus,
  now: UnixSeconds,
): Offer => {
  const contributions: Contribution[] = [];
  const lines: ProtocolLines[] = [];
  const refused: { node: NodeId; fault: PointFault }[] = [];
  if (own !== null && own.points.length > 0) {
    contributions.push({ nodeId: self, introductionPoints: own.points });
    lines.push(own);
  }
  for (const peer of peers) {
    const accepted = peer.points.filter((point) => {
      const fault = pointFault(point, inConsensus, now);
      if (fault !== null) refused.push({ node: peer.node, fault });
      return fault === null;
    });
    if (accepted.length === 0) continue;
    contributions.push({ nodeId: peer.node, introductionPoints: accepted });
    lines.push(peer);
  }
  return { contributions, lines: commonLines(lines), refused };
};

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** Names every introduction point on offer, by auth key: what an emergency is judged by. */
export const offeredKeys = (contributions: readonly Contribution[]): ReadonlySet<string> =>
  new Set(
    contributions.flatMap(({ introductionPoints }) => introductionPoints.map(({ authKey }) => hex(authKey))),
  );

/** Two offers with the same key make the same descriptors: compared by content, never by count. */
export const offerKey = (offer: Offer): string => {
  const nodes = offer.contributions.map(({ nodeId, introductionPoints }) => {
    const points = introductionPoints.map((point) => `${hex(point.authKey)}:${hex(point.encKey)}`).sort();
    return `${nodeId}=${points.join(',')}`;
  });
  return [...nodes.sort(), offer.lines.create2Formats.join(','), offer.lines.flowControl ?? '-'].join(';');
};
