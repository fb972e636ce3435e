import { isAble } from './ability.js';
import type { ClusterState, World } from './cluster-state.js';
import { visiblePoints } from './cluster-state.js';
import { countersToSend } from './counters.js';
import { earlier } from '../kernel/level-trigger.js';
import { isReachable } from './peer.js';
import type { Peer } from './peer.js';
import { post } from './post.js';
import { NO_TAG } from './wire/header.js';
import type { NodeTag } from './wire/header.js';
import type { Heartbeat } from './wire/message-types.js';
import { sameDigest } from './wire/set-digest.js';

/** Several changes within this part of a probe interval go out as one heartbeat. */
const GATHER = 0.05;
/** Probe intervals after which a heartbeat of which the peer has not told is sent again: one probe tells of it. */
const UNCONFIRMED_PROBES = 1.5;
/** Probe intervals until unacknowledged introduction points are sent again, doubled each time up to the longest. */
const FIRST_RESEND_PROBES = 0.25;
const LONGEST_RESEND_PROBES = 4;
/** Part of a probe interval that a set on its way is waited for before it is asked for. */
const PULL_PATIENCE = 0.5;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

const holderTag = (state: ClusterState): NodeTag => {
  if (state.holder === null) return NO_TAG;
  if (state.holder === state.settings.nodeId) return state.membership.self.tag;
  return state.peers.find((peer) => peer.member.id === state.holder)?.member.tag ?? NO_TAG;
};

const statement = (state: ClusterState, nowMs: number): Heartbeat => ({
  kind: 'heartbeat',
  revision: state.revision,
  flags: {
    publisher: state.lease.role === 'publisher',
    hasKey: state.hasKey,
    able: isAble(state.ability, nowMs, state.settings),
    listening: state.lease.role === 'listening',
    strained: state.doubt.score > 0,
  },
  priority: state.settings.priority,
  leaseRemainingMs: state.lease.role === 'publisher' ? state.settings.leaseMs : 0,
  holder: holderTag(state),
  points: { digest: state.ownSet?.digest ?? null, count: state.ownSet?.count ?? 0 },
  visiblePoints: visiblePoints(state),
  members: { digest: state.membersDigest, count: state.peers.length + 1 },
  counters: countersToSend(state.ownCounters, state.counters),
});

/** Two heartbeats with one key say the same. Self-doubt comes and goes; it is no reason to send at once. */
const keyOf = ({ flags, points, holder, visiblePoints: visible, counters }: Heartbeat): string =>
  [
    flags.publisher,
    flags.hasKey,
    flags.able,
    flags.listening,
    points.digest === null ? '-' : hex(points.digest),
    hex(holder),
    visible,
    ...counters.map(({ timePeriod, n }) => `${timePeriod}:${n}`),
  ].join();

/** The heartbeat to send now; its revision rises when it says something new. */
const currentStatement = (state: ClusterState, nowMs: number): Heartbeat => {
  const said = statement(state, nowMs);
  const key = keyOf(said);
  if (key === state.statementKey) return said;
  state.statementKey = key;
  state.revision++;
  return { ...said, revision: state.revision };
};

const heartbeatDueMs = (state: ClusterState, peer: Peer): number => {
  const { probeMs } = state.settings;
  if (peer.sentRevision !== state.revision) {
    return Math.min(peer.nextHeartbeatMs, peer.sentHeartbeatMs + GATHER * probeMs);
  }
  return isReachable(peer) && peer.confirmedRevision !== state.revision
    ? Math.min(peer.nextHeartbeatMs, peer.sentHeartbeatMs + UNCONFIRMED_PROBES * probeMs)
    : peer.nextHeartbeatMs;
};

const sendHeartbeat = (
  state: ClusterState,
  world: World,
  peer: Peer,
  said: Heartbeat,
  nowMs: number,
): number => {
  if (nowMs >= heartbeatDueMs(state, peer)) {
    post(state, world, peer, said);
    peer.sentRevision = state.revision;
    peer.sentHeartbeatMs = nowMs;
    peer.nextHeartbeatMs = nowMs + state.settings.heartbeatMs;
  }
  return heartbeatDueMs(state, peer);
};

const sendPoints = (state: ClusterState, world: World, peer: Peer, nowMs: number): number | null => {
  const { ownSet } = state;
  if (ownSet === null || !isReachable(peer) || sameDigest(peer.ackedPoints, ownSet.digest)) return null;
  if (nowMs >= peer.nextPointsMs) {
    for (const part of ownSet.parts) post(state, world, peer, part);
    const wait = Math.min(LONGEST_RESEND_PROBES, FIRST_RESEND_PROBES * 2 ** peer.pointsTries);
    peer.pointsTries = Math.min(peer.pointsTries + 1, 16);
    peer.nextPointsMs = nowMs + wait * state.settings.probeMs;
  }
  return peer.nextPointsMs;
};

/** Whether we lack the set that the peer's heartbeat names: it was lost, or dropped when the peer was taken for dead. */
const wantsPoints = (peer: Peer): boolean => {
  const named = peer.statement?.points.digest ?? null;
  return named !== null && isReachable(peer) && !sameDigest(named, peer.inbox.committed?.digest ?? null);
};

const askForPoints = (state: ClusterState, world: World, peer: Peer, nowMs: number): number | null => {
  if (!wantsPoints(peer)) {
    peer.requestAtMs = null;
    return null;
  }
  peer.requestAtMs ??= nowMs + PULL_PATIENCE * state.settings.probeMs;
  if (nowMs >= peer.requestAtMs) {
    post(state, world, peer, { kind: 'introduction-points-request' });
    peer.requestAtMs = nowMs + state.settings.probeMs;
  }
  return peer.requestAtMs;
};

/** Sends every peer what it should know and has not confirmed. Returns when it wants to run again. */
export const tellPeers = (state: ClusterState, world: World, nowMs: number): number | null => {
  const said = currentStatement(state, nowMs);
  let due: number | null = null;
  for (const peer of state.peers) {
    due = earlier(due, sendHeartbeat(state, world, peer, said, nowMs));
    due = earlier(due, sendPoints(state, world, peer, nowMs));
    due = earlier(due, askForPoints(state, world, peer, nowMs));
  }
  return due;
};
