import { noteClaim, noteMembers } from './cluster-findings.js';
import type { ClusterState } from './cluster-state.js';
import type { Peer } from './peer.js';
import { memberOf } from './records/views.js';
import type { Heartbeat, LeaseClaim } from './wire/message-types.js';

/** What the peers' own statements about themselves change. */

/**
 * Whether the peer may hold the lease. Whoever cannot sign would keep the address without a publisher by claiming, so
 * the signed record decides; configured members have none, and their own word counts.
 */
const mayLead = (state: ClusterState, { member }: Peer, itsWord: boolean): boolean =>
  memberOf(state.records, member.publicKey)?.hasMasterKey ?? itsWord;

/** What remains of a heartbeat whose sender cannot sign. */
const withoutLease = (message: Heartbeat): Heartbeat => ({
  ...message,
  flags: { ...message.flags, publisher: false, hasKey: false, withholds: false },
  leaseRemainingMs: 0,
});

const claimAfter = (peer: Peer, { flags, leaseRemainingMs }: Heartbeat, nowMs: number): number | null => {
  if (flags.publisher && leaseRemainingMs > 0) return nowMs + leaseRemainingMs;
  // A holder that has just restarted takes its lease up again: it is not free meanwhile.
  return flags.listening ? peer.claimUntilMs : null;
};

export const onHeartbeat = (state: ClusterState, peer: Peer, message: Heartbeat, nowMs: number): void => {
  const believed = mayLead(state, peer, message.flags.hasKey) ? message : withoutLease(message);
  noteClaim(state, peer, message.flags.publisher && !believed.flags.publisher, nowMs);
  peer.statement = believed;
  peer.contactSinceMs ??= nowMs;
  peer.seenRevision = message.revision;
  peer.claimUntilMs = claimAfter(peer, believed, nowMs);
  noteMembers(state, peer, message, nowMs);
};

/** A claim travels ahead of the heartbeat that repeats it. */
export const onClaim = (state: ClusterState, peer: Peer, claim: LeaseClaim, nowMs: number): void => {
  if (!mayLead(state, peer, peer.statement?.flags.hasKey ?? true)) {
    noteClaim(state, peer, true, nowMs);
    return;
  }
  peer.claimUntilMs = nowMs + claim.leaseRemainingMs;
  if (peer.statement === null) return;
  peer.statement = {
    ...peer.statement,
    flags: { ...peer.statement.flags, publisher: true, listening: false, withholds: false },
    priority: claim.priority,
    visiblePoints: claim.visiblePoints,
    leaseRemainingMs: claim.leaseRemainingMs,
  };
};

export const onRelease = (peer: Peer): void => {
  peer.claimUntilMs = null;
  if (peer.statement === null) return;
  peer.statement = {
    ...peer.statement,
    flags: { ...peer.statement.flags, publisher: false },
    leaseRemainingMs: 0,
  };
};

/** The peer ends its work; whatever else of this epoch still arrives is not heard. */
export const onGoodbye = (peer: Peer, nowMs: number): void => {
  onRelease(peer);
  peer.leftEpoch = peer.epoch;
  peer.death = { agreedBy: 'itself', removeAtMs: nowMs };
};
