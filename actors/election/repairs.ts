import type { NodeId } from '../kernel/brands.js';
import { steppedDown } from './ability.js';
import { NO_ESTIMATE } from './clock-estimate.js';
import type { ClusterState, World } from './cluster-state.js';
import { startListening } from './lease.js';
import { NO_PATH_EVIDENCE } from './paths.js';
import { withoutRounds } from './second-transport.js';
import { isLive } from './peer.js';
import type { Peer } from './peer.js';

/**
 * Begins again with a peer that is not heard: all ways are tried, and all that it must know is told anew. Its epoch and
 * its replay window stay: they are what keeps old datagrams out.
 */
export const reconnectPeer = (state: ClusterState, id: NodeId, nowMs: number): boolean => {
  const peer = state.peers.find(({ member }) => member.id === id);
  if (peer === undefined || peer.judgement.standing === 'live') return false;
  peer.pending.clear();
  peer.paths = NO_PATH_EVIDENCE;
  // Its streams are made anew: what was sent over the old ones may never have arrived.
  peer.ways = withoutRounds(peer.ways);
  peer.clock = NO_ESTIMATE;
  peer.nextRoundMs = nowMs;
  peer.followUpMs = null;
  peer.nextHeartbeatMs = nowMs;
  peer.confirmedRevision = 0;
  peer.ackedPoints = null;
  peer.nextPointsMs = nowMs;
  peer.pointsTries = 0;
  peer.nextSummaryMs = nowMs;
  return true;
};

/** Listens anew for who publishes, as after a start; what was claimed before counts no more. A publisher goes on. */
export const resetElection = (state: ClusterState, world: World, nowMs: number): boolean => {
  if (state.lease.role === 'publisher') return false;
  for (const peer of state.peers) {
    peer.claimUntilMs = null;
    peer.nextRoundMs = nowMs;
    peer.nextHeartbeatMs = nowMs;
  }
  state.holder = null;
  state.roleSinceMs = world.clock.wallMs();
  state.lease = startListening(nowMs, state.settings);
  return true;
};

const isFitToLead = (peer: Peer): boolean => {
  const flags = peer.statement?.flags;
  return isLive(peer) && flags?.hasKey === true && flags.able && !flags.unfit;
};

/**
 * Other nodes come first for a while. Not where this node is unfit and no other is fit: each of them would be told the same, and
 * the lease would go round.
 */
export const stepDown = (state: ClusterState, nowMs: number): boolean => {
  if (!state.ability.fit && !state.peers.some(isFitToLead)) return false;
  state.ability = steppedDown(state.ability, nowMs, state.settings);
  return true;
};
