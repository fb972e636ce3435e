import { noteMembers } from './cluster-findings.js';
import type { ClusterState } from './cluster-state.js';
import type { Peer } from './peer.js';
import type { Heartbeat, LeaseClaim } from './wire/message-types.js';

/** What the peers' own statements about themselves change. */

const claimAfter = (peer: Peer, { flags, leaseRemainingMs }: Heartbeat, nowMs: number): number | null => {
  if (flags.publisher && leaseRemainingMs > 0) return nowMs + leaseRemainingMs;
  // A holder that has just restarted takes its lease up again: it is not free meanwhile.
  return flags.listening ? peer.claimUntilMs : null;
};

export const onHeartbeat = (state: ClusterState, peer: Peer, message: Heartbeat, nowMs: number): void => {
  peer.statement = message;
  peer.seenRevision = message.revision;
  peer.claimUntilMs = claimAfter(peer, message, nowMs);
  noteMembers(state, peer, message, nowMs);
};

/** A claim travels ahead of the heartbeat that repeats it. */
export const onClaim = (peer: Peer, claim: LeaseClaim, nowMs: number): void => {
  peer.claimUntilMs = nowMs + claim.leaseRemainingMs;
  if (peer.statement === null) return;
  peer.statement = {
    ...peer.statement,
    flags: { ...peer.statement.flags, publisher: true, hasKey: true, listening: false },
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
  peer.death = { agreed: true, removeAtMs: nowMs };
};
