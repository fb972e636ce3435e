import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { isAble } from './ability.js';
import type { ClusterState, World } from './cluster-state.js';
import { visiblePoints, withholds } from './cluster-state.js';
import { countersToSend } from './counters.js';
import { mayLeadWhileDraining } from './draining.js';
import { afford, affordableAtMs, compareRecords } from './gossip.js';
import { earlier } from '../kernel/level-trigger.js';
import { between } from '../kernel/random.js';
import { isReachable } from './peer.js';
import type { Peer } from './peer.js';
import { post } from './post.js';
import { isLarge } from './scale.js';
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

/** What the message has room for: 49 days. */
const LONGEST_AGE_MS = 2 ** 32 - 1;

/** A heartbeat as a datagram; the bytes of large clusters' budget (scale.ts). */
const HEARTBEAT_BYTES = 160;
const POINT_BYTES = 180;
const SMALL_DATAGRAM_BYTES = 100;
/** A tenth costs 5 % more heartbeats, and spreads those of 200 peers over 5 s at each turn. */
const DRIFT = 0.1;

/** No divisor of the usual sizes, so that every peer is the first one some time. */
const TURN_STEP = 7;

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
    able: isAble(state.ability, nowMs, state.settings) && mayLeadWhileDraining(state),
    listening: state.lease.role === 'listening',
    strained: state.doubt.score > 0,
    withholds: withholds(state),
    unfit: !state.ability.fit,
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
const keyOf = (
  { flags, points, holder, visiblePoints: visible, members, counters }: Heartbeat,
  large: boolean,
): string =>
  [
    flags.publisher,
    flags.hasKey,
    flags.able,
    flags.listening,
    flags.withholds,
    flags.unfit,
    points.digest === null ? '-' : bytesKey(points.digest),
    bytesKey(holder),
    // In a large cluster these change whenever anything changes anywhere: they wait for the regular heartbeat.
    ...(large
      ? []
      : [visible, bytesKey(members.digest), ...counters.map(({ timePeriod, n }) => `${timePeriod}:${n}`)]),
  ].join();

/** The heartbeat to send now; its revision rises when it says something new. */
const currentStatement = (state: ClusterState, nowMs: number): Heartbeat => {
  const said = statement(state, nowMs);
  const key = keyOf(said, isLarge(state.peers.length));
  if (key === state.statementKey) return said;
  state.statementKey = key;
  state.revision++;
  return { ...said, revision: state.revision };
};

/** Of two publishers each must know what the other sees, whatever the size of the cluster: else neither gives way. */
const isRival = (state: ClusterState, peer: Peer): boolean =>
  state.lease.role === 'publisher' && peer.claimUntilMs !== null && isReachable(peer);

const heartbeatDueMs = (state: ClusterState, peer: Peer): number => {
  const { probeMs } = state.settings;
  if (isLarge(state.peers.length) && isRival(state, peer)) {
    return Math.min(peer.nextHeartbeatMs, peer.sentHeartbeatMs + UNCONFIRMED_PROBES * probeMs);
  }
  if (peer.sentRevision !== state.revision) {
    return Math.min(peer.nextHeartbeatMs, peer.sentHeartbeatMs + GATHER * probeMs);
  }
  return !isLarge(state.peers.length) && isReachable(peer) && peer.confirmedRevision !== state.revision
    ? Math.min(peer.nextHeartbeatMs, peer.sentHeartbeatMs + UNCONFIRMED_PROBES * probeMs)
    : peer.nextHeartbeatMs;
};

/** In a large cluster heartbeats to different peers drift apart until they are spread evenly. */
const heartbeatIn = ({ settings, peers }: ClusterState, { random }: World): number =>
  settings.heartbeatMs * (isLarge(peers.length) ? between(random, 1 - DRIFT, 1) : 1);

const sendHeartbeat = (
  state: ClusterState,
  world: World,
  peer: Peer,
  said: Heartbeat,
  nowMs: number,
): number => {
  if (nowMs >= heartbeatDueMs(state, peer)) {
    if (!afford(state, HEARTBEAT_BYTES, nowMs) && !isRival(state, peer)) return affordableAtMs(state);
    post(state, world, peer, said);
    peer.sentRevision = state.revision;
    peer.sentHeartbeatMs = nowMs;
    peer.nextHeartbeatMs = nowMs + heartbeatIn(state, world);
  }
  return heartbeatDueMs(state, peer);
};

const sendPoints = (state: ClusterState, world: World, peer: Peer, nowMs: number): number | null => {
  const { ownSet } = state;
  if (ownSet === null || !isReachable(peer) || sameDigest(peer.ackedPoints, ownSet.digest)) return null;
  if (nowMs >= peer.nextPointsMs) {
    if (!afford(state, ownSet.parts.length * SMALL_DATAGRAM_BYTES + ownSet.count * POINT_BYTES, nowMs)) {
      return affordableAtMs(state);
    }
    const ageMs = Math.min(LONGEST_AGE_MS, Math.max(0, Math.floor(world.clock.wallMs() - ownSet.causedAtMs)));
    for (const part of ownSet.parts) post(state, world, peer, { ...part, ageMs });
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
  const large = isLarge(state.peers.length);
  peer.requestAtMs ??= nowMs + (large ? state.settings.heartbeatMs : PULL_PATIENCE * state.settings.probeMs);
  if (nowMs >= peer.requestAtMs) {
    post(state, world, peer, { kind: 'introduction-points-request' });
    peer.requestAtMs = nowMs + (large ? state.settings.heartbeatMs : state.settings.probeMs);
  }
  return peer.requestAtMs;
};

/** The peers, beginning with another one each time: in a large cluster what may be sent does not reach all at once. */
const inTurn = (state: ClusterState): readonly Peer[] => {
  if (!isLarge(state.peers.length)) return state.peers;
  state.turn = (state.turn + TURN_STEP) % state.peers.length;
  return [...state.peers.slice(state.turn), ...state.peers.slice(0, state.turn)];
};

/** Sends every peer what it should know and has not confirmed. Returns when it wants to run again. */
export const tellPeers = (state: ClusterState, world: World, nowMs: number): number | null => {
  const said = currentStatement(state, nowMs);
  let due: number | null = null;
  for (const peer of inTurn(state)) {
    due = earlier(due, compareRecords(state, world, peer, nowMs));
    due = earlier(due, sendHeartbeat(state, world, peer, said, nowMs));
    due = earlier(due, sendPoints(state, world, peer, nowMs));
    due = earlier(due, askForPoints(state, world, peer, nowMs));
  }
  return due;
};
