import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { between } from '../kernel/random.js';
import { earlier } from '../kernel/level-trigger.js';
import type { ClusterState, World } from './cluster-state.js';
import { tellDraining } from './draining.js';
import { nextRound, reportedAlive, reportedSilent, SILENT_FOR_PROBES } from './failure-detector.js';
import { isGone, isLive } from './peer.js';
import type { Peer } from './peer.js';
import { pathsFor } from './paths.js';
import { post } from './post.js';
import { isLarge, probeEveryMs } from './scale.js';
import { afterRound, afterTrial, isPairWithTwoWays, isTrialDue } from './second-transport.js';
import type { TransportName } from '../wg/messages.js';
import { tagKey } from './wire/header.js';
import type { ProbeId, ProbeReport, ProbeRequest } from './wire/message-types.js';
import { TAG_BYTES } from './wire/limits.js';

/** Probes to one peer whose answers are still waited for; the oldest are given up. */
const MOST_PENDING = 8;
/** Other nodes asked about one that is silent. In clusters of up to nine, all of them. */
const MOST_HELPERS = 8;
/** In a large cluster a lost probe would otherwise cost 32 datagrams; three are what SWIM found to be enough. */
const HELPERS_AMONG_MANY = 3;
/** Part of a probe interval after which an unanswered probe is repeated and others are asked. */
const FOLLOW_UP = 0.4;
/** Part of a probe interval within which a helper must have heard the target to say that it does not. */
const HELPER_PATIENCE = 0.5;
const LARGE_HELPER_PATIENCE = 1.2;
/** Rounds of different peers drift apart by this, so that a cluster does not probe in step. */
const JITTER = 0.05;

const probe = (
  state: ClusterState,
  world: World,
  peer: Peer,
  vias?: readonly (TransportName | null)[],
): void => {
  const id = world.random.bytes(TAG_BYTES) as ProbeId;
  peer.pending.set(bytesKey(id), world.clock.monotonicMs());
  for (const oldest of peer.pending.keys()) {
    if (peer.pending.size <= MOST_PENDING) break;
    peer.pending.delete(oldest);
  }
  post(state, world, peer, { kind: 'probe', id, seenRevision: peer.seenRevision }, vias);
  tellDraining(state, world, peer);
};

/** The monotonic time at which the probe with this id was sent; null for one that we did not send or gave up. */
export const takePending = (peer: Peer, id: ProbeId): number | null => {
  const sentAtMs = peer.pending.get(bytesKey(id)) ?? null;
  peer.pending.delete(bytesKey(id));
  return sentAtMs;
};

/** A random choice, so that over three rounds many are asked. */
const helpersFor = (state: ClusterState, world: World, target: Peer): readonly Peer[] => {
  const live = state.peers.filter((peer) => peer !== target && isLive(peer));
  const most = isLarge(state.peers.length) ? HELPERS_AMONG_MANY : MOST_HELPERS;
  if (live.length <= most) return live;
  return live
    .map((peer) => ({ peer, order: world.random.uniform() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, most)
    .map(({ peer }) => peer);
};

const askOthers = (state: ClusterState, world: World, target: Peer): void => {
  if (target.detection.heardMs === null || isGone(target)) return;
  for (const helper of helpersFor(state, world, target)) {
    post(state, world, helper, { kind: 'probe-request', target: target.member.tag });
  }
};

const answered = (peer: Peer): boolean => {
  const { knownAliveMs, roundStartedMs } = peer.detection;
  return knownAliveMs !== null && roundStartedMs !== null && knownAliveMs >= roundStartedMs;
};

const report = (state: ClusterState, world: World, to: Peer, about: Peer, nowMs: number): void => {
  const { heardMs } = about.detection;
  post(state, world, to, {
    kind: 'probe-report',
    target: about.member.tag,
    heardMsAgo: heardMs === null ? null : Math.min(2 ** 31, Math.max(0, Math.floor(nowMs - heardMs))),
  });
};

/** In a large cluster those that would take the lease next keep an eye on its holder: this many are evidence enough. */
const WATCHERS = 3;
/** In a large cluster a peer's turn varies by this, so that turns spread over the interval and stay spread. */
const TURN_JITTER = 0.5;

/** Whether this node is among the first to take over from the peer. */
const watches = (state: ClusterState, peer: Peer): boolean => {
  const { nodeId, priority } = state.settings;
  if (peer.member.id !== state.holder || !state.hasKey) return false;
  const better = state.peers.filter(({ member: { id }, statement, judgement }) => {
    if (id === state.holder || judgement.standing !== 'live' || statement?.flags.hasKey !== true)
      return false;
    return statement.priority === priority ? id < nodeId : statement.priority < priority;
  });
  return better.length < WATCHERS;
};

const isInDoubt = ({ detection, judgement }: Peer): boolean =>
  detection.failedRounds > 0 && judgement.standing !== 'dead';

/** Until the peer's next round: a probe interval, or its turn among many unless there is reason to look closer. */
const roundMs = (state: ClusterState, world: World, peer: Peer): number => {
  const { probeMs } = state.settings;
  const turnMs = probeEveryMs(state.settings, state.peers.length);
  return turnMs === probeMs || isInDoubt(peer) || watches(state, peer)
    ? probeMs * between(world.random, 1 - JITTER, 1 + JITTER)
    : turnMs * between(world.random, 1 - TURN_JITTER, 1 + TURN_JITTER);
};

/**
 * A probe over each transport that the peer's silence asks for. In a cluster of two the stand-in is tried now and then while
 * nothing asks for it: that it is silent too is evidence only where it carried before.
 */
const probeAllWays = (state: ClusterState, world: World, peer: Peer, nowMs: number): void => {
  const { fallback, probeMs } = state.settings;
  const vias = pathsFor(peer.paths, fallback, true, probeMs, nowMs);
  probe(state, world, peer, vias);
  peer.ways = afterRound(peer.ways, fallback, vias, nowMs);
  if (fallback === null || vias.includes(fallback.standIn) || !isPairWithTwoWays(state)) return;
  if (!isTrialDue(peer.ways, nowMs)) return;
  peer.ways = afterTrial(peer.ways, nowMs);
  probe(state, world, peer, [fallback.standIn]);
};

/** Probes one peer and answers those who asked about it. Returns when it wants to run again. */
export const runProbes = (state: ClusterState, world: World, peer: Peer, nowMs: number): number => {
  const { probeMs } = state.settings;
  if (nowMs >= peer.nextRoundMs) {
    peer.detection = nextRound(peer.detection, nowMs);
    peer.nextRoundMs = nowMs + roundMs(state, world, peer);
    peer.followUpMs = nowMs + probeMs * FOLLOW_UP;
    probeAllWays(state, world, peer, nowMs);
    if (peer.detection.failedRounds > 0) askOthers(state, world, peer);
  }
  if (peer.followUpMs !== null && nowMs >= peer.followUpMs) {
    peer.followUpMs = null;
    if (peer.detection.heardMs !== null && !answered(peer)) {
      peer.nextRoundMs = Math.min(peer.nextRoundMs, nowMs + probeMs * (1 - FOLLOW_UP));
      probe(state, world, peer);
      // In a large cluster lost probes are common; others are asked when the second one is lost too.
      if (!isLarge(state.peers.length)) askOthers(state, world, peer);
    }
  }
  let due: number | null = earlier(peer.nextRoundMs, peer.followUpMs);
  for (const [asker, deadlineMs] of peer.askedBy) {
    if (nowMs >= deadlineMs) {
      peer.askedBy.delete(asker);
      report(state, world, asker, peer, nowMs);
    } else due = earlier(due, deadlineMs);
  }
  return due ?? peer.nextRoundMs;
};

/** Somebody asks whether we reach a node: say so if we just heard it, otherwise probe it first. */
export const onProbeRequest = (
  state: ClusterState,
  world: World,
  asker: Peer,
  request: ProbeRequest,
  nowMs: number,
): void => {
  const target = state.byTag.get(tagKey(request.target));
  if (target === undefined || target === asker) return;
  const { heardMs } = target.detection;
  const { probeMs } = state.settings;
  if (heardMs !== null && nowMs - heardMs < probeMs * HELPER_PATIENCE) {
    report(state, world, asker, target, nowMs);
    return;
  }
  if (target.askedBy.size === 0) probe(state, world, target);
  // Where it is not heard in every interval anyway, its silence proves something only once it had time to answer.
  const wasQuiet = heardMs === null || nowMs - heardMs >= SILENT_FOR_PROBES * probeMs;
  const patience = wasQuiet && isLarge(state.peers.length) ? LARGE_HELPER_PATIENCE : HELPER_PATIENCE;
  if (!target.askedBy.has(asker)) target.askedBy.set(asker, nowMs + probeMs * patience);
};

/** The peer was just heard: whoever asked about it need not wait. */
export const answerAskers = (state: ClusterState, world: World, peer: Peer, nowMs: number): void => {
  for (const asker of peer.askedBy.keys()) report(state, world, asker, peer, nowMs);
  peer.askedBy.clear();
};

export const onProbeReport = (
  state: ClusterState,
  helper: Peer,
  { target: tag, heardMsAgo }: ProbeReport,
  nowMs: number,
): void => {
  const target = state.byTag.get(tagKey(tag));
  if (target === undefined || target === helper) return;
  if (heardMsAgo !== null) target.detection = reportedAlive(target.detection, nowMs - heardMsAgo);
  if (heardMsAgo === null || heardMsAgo >= SILENT_FOR_PROBES * state.settings.probeMs) {
    target.detection = reportedSilent(target.detection, helper.member.id, nowMs);
  }
};
