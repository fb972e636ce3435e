import { absentMembers } from './absent.js';
import { withholds } from './cluster-state.js';
import type { ClusterState } from './cluster-state.js';
import { peerView } from './facts.js';
import { stretchOf } from './self-doubt.js';

/** What `rbctl inspect election` shows: plain data, nothing secret, no address. */
export const electionContext = (
  state: ClusterState,
  terms: number,
  nowMs: number,
): Readonly<Record<string, unknown>> => ({
  role: state.lease.role,
  publisher: state.holder,
  roleSinceMs: state.roleSinceMs,
  leaseRemainingSecs:
    state.lease.role === 'publisher'
      ? Math.max(0, Math.round((state.lease.termEndsMs - nowMs) / 1000))
      : null,
  terms,
  withholds: withholds(state),
  fit: state.ability.fit,
  absent: absentMembers(state, nowMs),
  bootEpoch: state.epoch,
  hasMasterKey: state.hasKey,
  timeoutsStretched: stretchOf(state.doubt, state.organs),
  ownIntroPoints: state.ownSet?.count ?? null,
  peers: state.peers.map((peer) => ({
    ...peerView(peer, nowMs),
    missedHeartbeats: peer.judgement.missedHeartbeats,
    failedProbes: peer.detection.failedRounds,
    deathAgreed: peer.death === null ? null : peer.death.agreedBy !== null,
    deathAgreedBy: peer.death?.agreedBy ?? null,
    doubtsItself: peer.statement?.flags.strained ?? null,
    fit: peer.statement === null ? null : !peer.statement.flags.unfit,
  })),
  counters: [...state.counters].map(([timePeriod, n]) => ({ timePeriod, n })),
  datagramsRefused: { ...state.refusals },
  findings: state.findings.list(),
});
