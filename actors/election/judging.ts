import type { ClusterState, World } from './cluster-state.js';
import { judge } from './failure-detector.js';
import type { Judgement } from './failure-detector.js';
import type { Lifecycle } from './messages.js';
import { pointCount } from './peer.js';
import type { Peer } from './peer.js';
import { EMPTY_INBOX } from './points-inbox.js';

const DEAD: Pick<Judgement, 'standing' | 'agreed'> = { standing: 'dead', agreed: true };

/** An agreed death and a goodbye hold until the peer itself is heard again; evidence for them fades sooner. */
const standingOf = (state: ClusterState, peer: Peer, nowMs: number, stretch: number): Judgement => {
  const isLive = (id: Peer['member']['id']): boolean =>
    state.peers.some((other) => other.member.id === id && other.judgement.standing === 'live');
  const judgement = judge(peer.detection, isLive, nowMs, state.settings, stretch);
  if (peer.leftEpoch !== null) return { ...judgement, ...DEAD };
  const aliveAgain = peer.detection.failedRounds === 0;
  return peer.death?.agreed === true && !aliveAgain ? { ...judgement, ...DEAD } : judgement;
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

const die = (state: ClusterState, world: World, peer: Peer, judgement: Judgement, nowMs: number): void => {
  const left = peer.leftEpoch !== null;
  const graceMs = judgement.agreed ? 0 : state.settings.removalGraceMs;
  const count = pointCount(peer);
  peer.death = { agreed: judgement.agreed, removeAtMs: nowMs + graceMs };
  peer.toldMisses = 0;
  if (left) {
    world.log.info(`Peer ${peer.member.id} said goodbye, removing ${count} intro points`);
    return;
  }
  world.log.warn(`Peer ${peer.member.id} declared DEAD, removing ${count} intro points`, {
    silentSecs: Math.round(judgement.silenceMs / 100) / 10,
    evidence: judgement.agreed ? 'no other node reaches it either' : 'silence',
    graceSecs: graceMs / 1000,
  });
};

const revive = (world: World, peer: Peer): void => {
  peer.death = null;
  world.log.info(`Peer ${peer.member.id} came back! Adding to mesh`);
  if (peer.inbox.committed === null) world.log.info('Re-fetching intro points from recovered peer');
};

const follow = (state: ClusterState, world: World, peer: Peer, judgement: Judgement, nowMs: number): void => {
  const wasDead = peer.lifecycle === 'dead';
  if (judgement.standing === 'dead') {
    if (!wasDead) die(state, world, peer, judgement, nowMs);
    else if (judgement.agreed && peer.death?.agreed === false) {
      // Another node has confirmed by now what was only silence: no need to wait any longer.
      peer.death = { agreed: true, removeAtMs: nowMs };
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
    peer.judgement.standing === 'live' && flags?.hasKey === true && flags.able && !flags.listening;
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
  const dues = state.peers.flatMap((peer) => (peer.death === null ? [] : [peer.death.removeAtMs]));
  const later = dues.filter((due) => due > nowMs);
  return later.length === 0 ? null : Math.min(...later);
};
