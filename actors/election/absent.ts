import type { ClusterState } from './cluster-state.js';
import type { Absence, AbsentMember } from './messages.js';
import { isGone, lacksPoints } from './peer.js';
import type { Peer } from './peer.js';

/** Probe intervals that a live peer's introduction points are waited for before a descriptor is made without them. */
export const COMPLETE_PROBES = 6;

const absenceOf = (peer: Peer, nowMs: number, patienceMs: number): Absence | null => {
  if (isGone(peer)) return 'gone';
  switch (peer.judgement.standing) {
    case 'unknown':
      return 'unheard';
    case 'suspect':
    case 'dead':
      return 'silent';
    case 'live':
      // What it said of the lease before it was silent is old; its next heartbeat tells. Points come before or after.
      if (peer.contactSinceMs === null) return 'arriving';
      return lacksPoints(peer) && nowMs - peer.contactSinceMs < patienceMs ? 'arriving' : null;
  }
};

/** Members whose word on who publishes this node does not have. */
export const absentMembers = (state: ClusterState, nowMs: number): readonly AbsentMember[] =>
  state.peers.flatMap((peer) => {
    const how = absenceOf(peer, nowMs, COMPLETE_PROBES * state.settings.probeMs);
    return how === null ? [] : [{ id: peer.member.id, how }];
  });
