import type { ClusterState, World } from './cluster-state.js';
import { judge } from './failure-detector.js';
import type { Agreement, Judgement } from './failure-detector.js';
import type { Lifecycle } from './messages.js';
import { pointCount } from './peer.js';
import type { Peer } from './peer.js';
import { EMPTY_INBOX } from './points-inbox.js';
import { earlier } from '../kernel/level-trigger.js';
import { agreementDueMs, transportsAgree } from './second-transport.js';

/** An agreed death and a goodbye hold until the peer itself is heard again; evidence for them fades sooner. */
const standingOf = (state: ClusterState, peer: Peer, nowMs: number, stretch: number): Judgement => {
  const isLive = (id: Peer['member']['id']): boolean =>
    state.peers.some((other) => other.member.id === id && other.judgement.standing === 'live');
  const witnesses = { isLive, transportsAgree: transportsAgree(state, peer, nowMs, stretch) };
  const judgement = judge(peer.detection, witnesses, nowMs, state.settings, stretch);
  if (peer.leftEpoch !== null) return { ...judgement, standing: 'dead', agreedBy: 'itself' };
  const before = peer.death?.agreedBy ?? null;
  const aliveAgain = peer.detection.failedRounds === 0;
  return before !== null && judgement.agreedBy === null && !aliveAgain
    ? { ...judgement, standing: 'dead', agreedBy: before }
    : judgement;
};

const lifecycleOf = (peer: Peer, { standing }: Judgement): Lifecycle => {
  switch (standing) {
    case 'dead':
      return 'dead';
    case 'unknown':
      return 'joining';
    case 'suspect':
      return 'unhealthy';
    case 'live':
      return pointCount(peer) > 0 ? 'healthy' : 'initializing';
  }
};

const tellMisses = (state: ClusterState, world: World, peer: Peer, judgement: Judgement): void => {
  const misses = judgement.missedHeartbeats;
  const { deadThreshold } = state.settings;
  const more = Math.max(1, deadThreshold - misses);
  if (judgement.standing === 'dead' || judgement.standing === 'unknown' || misses <= peer.toldMisses) {
    if (misses === 0) peer.toldMisses = 0;
    return;
  }
  peer.toldMisses = misses;
  const unit = misses === 1 ? 'heartbeat' : 'heartbeats';
  world.log.info(`Peer ${peer.member.id} missed ${misses} ${unit}, ${more} more until dead`);
};

const EVIDENCE: Readonly<Record<Agreement, string>> = {
  nodes: 'no other node reaches it either',
  transports: 'it is heard by neither of two transports',
  itself: 'its goodbye',
};

const die = (state: ClusterState, world: World, peer: Peer, judgement: Judgement, nowMs: number): void => {
  const left = peer.leftEpoch !== null;
  const graceMs = judgement.agreedBy !== null ? 0 : state.settings.removalGraceMs;
  const count = pointCount(peer);
  peer.death = { agreedBy: judgement.agreedBy, removeAtMs: nowMs + graceMs };
  peer.toldMisses = 0;
  if (left) {
    world.log.info(`Peer ${peer.member.id} said goodbye, removing ${count} intro points`);
    return;
  }
  world.log.warn(`Peer ${peer.member.id} declared DEAD, removing ${count} intro points`, {
    silentSecs: Math.round(judgement.silenceMs / 100) / 10,
    evidence: judgement.agreedBy === null ? 'silence' : EVIDENCE[judgement.agreedBy],
    graceSecs: graceMs / 1000,
  });
};

/** Whether the death is confirmed by now, or by somebody whose word counts for more. */
const isBetterAgreed = (by: Agreement | null, before: Agreement | null): boolean =>
  by !== null && (before === null || (before === 'transports' && by !== 'transports'));

const revive = (world: World, peer: Peer): void => {
  peer.death = null;
  world.log.info(`Peer ${peer.member.id} came back! Adding to mesh`);
  if (peer.inbox.committed === null) world.log.info('Re-fetching intro points from recovered peer');
};

const follow = (state: ClusterState, world: World, peer: Peer, judgement: Judgement, nowMs: number): void => {
  const wasDead = peer.lifecycle === 'dead';
  if (judgement.standing === 'dead') {
    if (!wasDead) die(state, world, peer, judgement, nowMs);
    else if (peer.death !== null && isBetterAgreed(judgement.agreedBy, peer.death.agreedBy)) {
      // What was only silence is confirmed by now: no need to wait any longer.
      peer.death = { agreedBy: judgement.agreedBy, removeAtMs: Math.min(nowMs, peer.death.removeAtMs) };
    }
  } else if (wasDead) revive(world, peer);
  if (peer.death !== null && nowMs >= peer.death.removeAtMs && peer.inbox.committed !== null) {
    // Kept points would be stale when it returns; it is asked for them anew.
    peer.inbox = EMPTY_INBOX;
  }
};

const readySince = (peer: Peer, nowMs: number): number | null => {
  const flags = peer.statement?.flags;
  const ready =
    peer.judgement.standing === 'live' &&
    flags?.hasKey === true &&
    flags.able &&
    !flags.unfit &&
    !flags.listening;
  return ready ? (peer.readySinceMs ?? nowMs) : null;
};

/** Judges every peer, lets the consequences follow, and says in the log what an operator wants to know. */
export const judgePeers = (state: ClusterState, world: World, nowMs: number, stretch: number): void => {
  for (const peer of state.peers) {
    const judgement = standingOf(state, peer, nowMs, stretch);
    tellMisses(state, world, peer, judgement);
    follow(state, world, peer, judgement, nowMs);
    peer.judgement = judgement;
    if (judgement.standing !== 'live') peer.contactSinceMs = null;
    const before = peer.lifecycle;
    peer.lifecycle = lifecycleOf(peer, judgement);
    peer.readySinceMs = readySince(peer, nowMs);
    if (before !== peer.lifecycle) {
      world.log.debug('A peer moved on', { peer: peer.member.id, from: before, to: peer.lifecycle });
    }
  }
};

/** When a judgement may change with nothing but time; null for never. */
export const judgingDueMs = (state: ClusterState, nowMs: number): number | null => {
  const dues = state.peers.flatMap((peer) => [peer.death?.removeAtMs ?? null, agreementDueMs(state, peer)]);
  return dues
    .filter((due) => due !== null && due > nowMs)
    .reduce<number | null>((a, b) => earlier(a, b), null);
};
