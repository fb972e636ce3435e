import { abilityDueMs, afterWaiting, isAble } from './ability.js';
import type { ClusterState, World } from './cluster-state.js';
import { visiblePoints, withholds } from './cluster-state.js';
import { mayLeadWhileDraining } from './draining.js';
import { decideLease, leaseDueMs, prevails } from './lease.js';
import type { LeaseView, Rival } from './lease.js';
import { earlier } from '../kernel/level-trigger.js';
import { isLive } from './peer.js';
import type { Peer } from './peer.js';
import { post } from './post.js';
import type { ElectionSettings } from './settings.js';
import { tagKey } from './wire/header.js';

/**
 * The part of takeover_grace_secs that is left for publishing: 2 s of 90. The next descriptor is to stand when the graces
 * end, and the lease has to change hands before (measured: 0.4 s from the claim to the last HSDir on a private network).
 */
const PUBLISHING_PART = 1 / 45;

/** For how long a silent publisher's claim is respected, ms of its silence. */
const respectedMs = ({ heartbeatTimeoutMs, takeoverGraceMs }: ElectionSettings, stretch: number): number =>
  heartbeatTimeoutMs * stretch + takeoverGraceMs * (1 - PUBLISHING_PART);

/**
 * Whether a peer's claim must be respected. A live peer's holds until its lease ends; a silent one's for as long as
 * a take-over is put off; that of a peer that is agreed dead or said goodbye not at all.
 */
const claims = (state: ClusterState, peer: Peer, nowMs: number, stretch: number): boolean => {
  if (peer.claimUntilMs === null || peer.leftEpoch !== null) return false;
  if (isLive(peer)) return nowMs < peer.claimUntilMs;
  if ((peer.death?.agreedBy ?? null) !== null) return false;
  return peer.judgement.silenceMs < respectedMs(state.settings, stretch);
};

/**
 * Forgets claims that need not be respected any more: those that ran out, and those of silent peers once somebody
 * else publishes. Otherwise one who returns would take up again a lease that has passed to another meanwhile.
 */
const forgetClaims = (state: ClusterState, nowMs: number, stretch: number): void => {
  const superseded =
    state.lease.role === 'publisher' ||
    state.peers.some((peer) => isLive(peer) && claims(state, peer, nowMs, stretch));
  for (const peer of state.peers) {
    if (!claims(state, peer, nowMs, stretch) || (superseded && !isLive(peer))) peer.claimUntilMs = null;
  }
};

const rivalOf = (state: ClusterState, peer: Peer, nowMs: number, stretch: number): Rival => {
  const { statement } = peer;
  return {
    id: peer.member.id,
    priority: statement?.priority ?? Number.MAX_SAFE_INTEGER,
    hasKey: statement?.flags.hasKey ?? false,
    able: statement?.flags.able ?? false,
    fit: statement?.flags.unfit !== true,
    live: isLive(peer),
    claims: claims(state, peer, nowMs, stretch),
    visiblePoints: statement?.visiblePoints ?? 0,
    withholds: statement?.flags.withholds ?? false,
    namesUs: statement !== null && tagKey(statement.holder) === tagKey(state.membership.self.tag),
    known: peer.seenRevision !== 0,
    readySinceMs: peer.readySinceMs,
  };
};

const leaseView = (state: ClusterState, nowMs: number, stretch: number): LeaseView => ({
  self: {
    id: state.settings.nodeId,
    priority: state.settings.priority,
    hasKey: state.hasKey && !state.isExpelled && !state.isPending,
    able: isAble(state.ability, nowMs, state.settings) && mayLeadWhileDraining(state),
    fit: state.ability.fit,
    visiblePoints: visiblePoints(state),
    withholds: withholds(state),
  },
  rivals: state.peers.map((peer) => rivalOf(state, peer, nowMs, stretch)),
});

/** Of several that claim, the one that this node expects to prevail in the end. */
const holderAmong = (state: ClusterState, view: LeaseView): ClusterState['holder'] => {
  if (state.lease.role === 'publisher') return state.settings.nodeId;
  const [first] = view.rivals.filter((rival) => rival.claims).sort((a, b) => (prevails(a, b) ? -1 : 1));
  return first?.id ?? null;
};

export const announceClaim = (state: ClusterState, world: World): void => {
  const message = {
    kind: 'lease-claim',
    leaseRemainingMs: state.settings.leaseMs,
    priority: state.settings.priority,
    visiblePoints: visiblePoints(state),
  } as const;
  for (const peer of state.peers) post(state, world, peer, message);
};

export const announceRelease = (state: ClusterState, world: World): void => {
  for (const peer of state.peers) post(state, world, peer, { kind: 'lease-release' });
};

/** Decides about the lease, tells the others at once, and remembers who holds it. */
export const leadOrFollow = (state: ClusterState, world: World, nowMs: number, stretch: number): void => {
  const before = state.lease;
  state.ability = afterWaiting(state.ability, before.role === 'publisher', nowMs, state.settings);
  forgetClaims(state, nowMs, stretch);
  const view = leaseView(state, nowMs, stretch);
  const { state: lease, reason } = decideLease(before, view, nowMs, state.settings, () =>
    world.random.uniform(),
  );
  state.lease = lease;
  if (before.role !== lease.role) {
    if (lease.role === 'publisher') {
      world.log.info('This node is the publisher now', { reason });
      announceClaim(state, world);
    } else if (before.role === 'publisher') {
      world.log.info('This node gives the lease back', { reason });
      announceRelease(state, world);
    } else world.log.debug('The role changed', { from: before.role, to: lease.role, reason });
  }
  const holder = holderAmong(state, view);
  if (holder === state.holder && before.role === lease.role) return;
  if (holder !== state.holder && holder !== state.settings.nodeId && holder !== null) {
    world.log.info(`Peer ${holder} is the publisher now`);
  }
  state.holder = holder;
  state.roleSinceMs = world.clock.wallMs();
};

/** When the lease must be looked at again although nothing happens; null for never. */
export const leadingDueMs = (state: ClusterState, nowMs: number, stretch: number): number | null => {
  let due = earlier(
    leaseDueMs(state.lease),
    abilityDueMs(state.ability, state.lease.role === 'publisher', nowMs, state.settings),
  );
  for (const peer of state.peers) {
    if (peer.claimUntilMs === null) continue;
    if (isLive(peer)) due = earlier(due, peer.claimUntilMs);
    const graceEnds = nowMs - peer.judgement.silenceMs + respectedMs(state.settings, stretch);
    if (!isLive(peer) && graceEnds > nowMs) due = earlier(due, graceEnds);
  }
  return due;
};
