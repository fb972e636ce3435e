import { errorData } from '../kernel/errors.js';
import { isSkewed } from './clock-estimate.js';
import type { ClusterState } from './cluster-state.js';
import type { Peer } from './peer.js';
import type { RivalDescriptor } from '../publisher/messages.js';
import type { Heartbeat } from './wire/message-types.js';
import { sameDigest } from './wire/set-digest.js';

/** Heartbeats within which records that differ must have been exchanged, and two publishers have met. */
const DIFFERING_HEARTBEATS = 4;

const inSeconds = (ms: number): number => Math.round(ms / 100) / 10;

const skewKey = (peer: Peer): string => `clock-skew:${peer.member.id}`;

/** A peer's clock is off by `offsetMs` (theirs minus ours). */
export const noteSkew = (state: ClusterState, peer: Peer, offsetMs: number, nowMs: number): void => {
  const detail = {
    peer: peer.member.id,
    offsetSecs: inSeconds(offsetMs),
    toleranceSecs: inSeconds(state.settings.skewToleranceMs),
  };
  state.findings.raise(skewKey(peer), errorData('cluster.clock-skew', peer.member.id, detail), nowMs);
};

/** Two peers or more, and all of them off to the same side: then it is our own clock. */
const ownSkewMs = (state: ClusterState): number | null => {
  const offsets = state.peers.flatMap((peer) =>
    peer.clock.offsetMs !== null && peer.judgement.standing === 'live' ? [peer.clock.offsetMs] : [],
  );
  const { skewToleranceMs: tolerance } = state.settings;
  if (offsets.length < 2) return null;
  if (!offsets.every((offset) => offset > tolerance) && !offsets.every((offset) => offset < -tolerance)) {
    return null;
  }
  return -(offsets.reduce((sum, offset) => sum + offset, 0) / offsets.length);
};

/** Raises and clears what the measured clocks say. */
export const judgeClocks = (state: ClusterState, nowMs: number): void => {
  const own = ownSkewMs(state);
  if (own === null) state.findings.clear('own-clock');
  else {
    const detail = { offsetSecs: inSeconds(own), peers: state.peers.length };
    state.findings.raise('own-clock', errorData('cluster.own-clock-skew', 'election', detail), nowMs);
  }
  for (const peer of state.peers) {
    if (own === null && isSkewed(peer.clock, state.settings.skewToleranceMs)) {
      noteSkew(state, peer, peer.clock.offsetMs ?? 0, nowMs);
    } else if (peer.clock.offsetMs !== null) state.findings.clear(skewKey(peer));
  }
};

/** A peer claims the lease, or does not any more, although its record says that it cannot sign. */
export const noteClaim = (state: ClusterState, peer: Peer, inVain: boolean, nowMs: number): void => {
  const key = `claim:${peer.member.id}`;
  if (!inVain) state.findings.clear(key);
  else {
    const detail = { peer: peer.member.id };
    state.findings.raise(key, errorData('cluster.claim-without-key', peer.member.id, detail), nowMs);
  }
};

const SECOND_PUBLISHER = 'second-publisher';

/** What the publisher of this node says of a descriptor of this address that is not ours. */
export const noteRival = (state: ClusterState, descriptor: RivalDescriptor | null, nowMs: number): void => {
  state.rival = descriptor === null ? null : { descriptor, sinceMs: state.rival?.sinceMs ?? nowMs };
};

/** A node that starts finds the sitting publisher's descriptor before it hears of it: only what lasts is a finding. */
export const judgeRival = (state: ClusterState, nowMs: number): void => {
  const { rival, settings } = state;
  if (rival === null) state.findings.clear(SECOND_PUBLISHER);
  else if (nowMs - rival.sinceMs >= DIFFERING_HEARTBEATS * settings.heartbeatMs) {
    const { points, foreign, ours } = rival.descriptor;
    const error = errorData('cluster.second-publisher', 'election', { points, foreign, ours });
    state.findings.raise(SECOND_PUBLISHER, error, nowMs);
  }
};

/** A peer that was given other members than we were: somebody forgot a line. Records differ for a while in any case. */
export const noteMembers = (state: ClusterState, peer: Peer, { members }: Heartbeat, nowMs: number): void => {
  const key = `members:${peer.member.id}`;
  if (sameDigest(members.digest, state.membersDigest)) {
    peer.recordsDifferSinceMs = null;
    state.findings.clear(key);
    return;
  }
  const code = state.records.size === 0 ? 'cluster.members-differ' : 'cluster.records-differ';
  peer.recordsDifferSinceMs ??= nowMs;
  const patienceMs = state.records.size === 0 ? 0 : DIFFERING_HEARTBEATS * state.settings.heartbeatMs;
  if (nowMs - peer.recordsDifferSinceMs < patienceMs) return;
  const detail = { peer: peer.member.id, theirs: members.count, ours: state.peers.length + 1 };
  state.findings.raise(key, errorData(code, peer.member.id, detail), nowMs);
};
