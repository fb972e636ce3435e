import type { NodeId } from '../kernel/brands.js';
import { errorData } from '../kernel/errors.js';
import type { ErrorCode } from '../kernel/errors.js';
import type { ClusterState, World } from './cluster-state.js';
import type { DrainPhase, DrainView } from './messages.js';
import { isLive, pointCount } from './peer.js';
import type { Peer } from './peer.js';
import { post } from './post.js';
import type { DrainWord } from './wire/message-types.js';

/**
 * Taking this node out of service without anybody noticing. The order is what matters: the lease goes to another node,
 * the publisher leaves our introduction points out, and only when no HSDir holds a descriptor with them do our circuits
 * go. The publisher decides what stands in the descriptor, so that nodes which drain at the same moment can never make
 * an empty one: where nobody else would be in it, those that drain stay in.
 */
export interface Draining {
  readonly phase: DrainPhase;
  /** Rises with every change of what is said about it; 0: it has not drained since its start. */
  readonly version: number;
  /** Monotonic ms. */
  readonly deadlineMs: number;
  /** Wall clock, ms. */
  readonly untilMs: number;
  /** What the operator gave it. */
  readonly timeoutMs: number;
}

export const NOT_DRAINING: Draining = { phase: 'no', version: 0, deadlineMs: 0, untilMs: 0, timeoutMs: 0 };

/** What is left of a drain that lost its actor is at least this: the others must be heard again first. */
const RESUMED_AT_LEAST_MS = 60_000;

const timesFor = (world: World, timeoutMs: number, nowMs: number) => ({
  deadlineMs: nowMs + timeoutMs,
  untilMs: world.clock.wallMs() + timeoutMs,
});

/** What a peer says of itself; a later version supersedes an earlier one of the same epoch. */
export interface PeerDraining {
  readonly version: number;
  readonly word: DrainWord;
}

export const PEER_NOT_DRAINING: PeerDraining = { version: 0, word: 'no' };

export const isDraining = ({ draining }: ClusterState): boolean => draining.phase !== 'no';

const serves = (peer: Peer): boolean => isLive(peer) && peer.drain.word === 'no' && pointCount(peer) > 0;

/** Whether there would be introduction points in the descriptor without those of nodes that drain. */
const somebodyServes = (state: ClusterState): boolean =>
  (!isDraining(state) && (state.ownSet?.count ?? 0) > 0) || state.peers.some(serves);

/** Whether the publisher leaves this node's own points out. */
export const leavesOwnOut = (state: ClusterState): boolean => isDraining(state) && state.peers.some(serves);

/** Whether a peer's points stay out of the descriptor. A peer that is not live any more is judged by its end alone. */
export const leavesOut = (state: ClusterState, peer: Peer): boolean =>
  peer.drain.word !== 'no' && somebodyServes(state);

/** A node that drains takes the lease only where it would be in the descriptor too. */
export const mayLeadWhileDraining = (state: ClusterState): boolean => !leavesOwnOut(state);

/** Why this node cannot be spared; null when it can. */
export const drainRefusal = (state: ClusterState): ErrorCode | null => {
  if (!state.peers.some(serves)) return 'drain.alone';
  const heir = state.peers.some(
    ({ drain, statement, ...peer }) =>
      peer.judgement.standing === 'live' &&
      drain.word === 'no' &&
      statement?.flags.hasKey === true &&
      statement.flags.able,
  );
  return heir ? null : 'drain.no-heir';
};

const wordFor = (phase: DrainPhase): DrainWord =>
  phase === 'no' || phase === 'drained' ? phase : 'draining';

/** Tells a peer whether this node drains, and as the publisher, that the peer's points are gone from the HSDirs. */
export const tellDraining = (state: ClusterState, world: World, peer: Peer): void => {
  const { phase, version } = state.draining;
  if (version > 0) post(state, world, peer, { kind: 'draining', version, word: wordFor(phase) });
  if (peer.drain.word === 'no' || state.lease.role !== 'publisher') return;
  if (!leavesOut(state, peer) || !isLeftOut(state, peer.member.id)) return;
  post(state, world, peer, { kind: 'left-out', version: peer.drain.version });
};

const isLeftOut = ({ carried }: ClusterState, id: NodeId): boolean =>
  carried?.settled === true && !carried.nodes.includes(id);

const enter = (state: ClusterState, world: World, change: Partial<Draining>): void => {
  state.draining = { ...state.draining, ...change, version: state.draining.version + 1 };
  for (const peer of state.peers) tellDraining(state, world, peer);
};

/** Begins to drain; a drain that is under way only gets the new deadline. The caller has looked at drainRefusal. */
export const beginDraining = (state: ClusterState, world: World, timeoutMs: number, nowMs: number): void => {
  const times = { ...timesFor(world, timeoutMs, nowMs), timeoutMs };
  if (isDraining(state)) {
    state.draining = { ...state.draining, ...times };
    return;
  }
  state.lastDrainFailed = false;
  world.log.info('This node drains: its introduction points leave the descriptor, its circuits follow', {
    timeoutSecs: Math.round(timeoutMs / 1000),
  });
  enter(state, world, { phase: 'leaving', ...times });
};

/** Goes on with a drain that was under way when this actor ended. @param untilMs its deadline by the wall clock */
export const resumeDraining = (state: ClusterState, world: World, untilMs: number): void => {
  const leftMs = untilMs - world.clock.wallMs();
  const timeoutMs = Math.max(RESUMED_AT_LEAST_MS, leftMs);
  world.log.info('This node goes on draining: the actor that ended had been told to');
  // Past its deadline it was drained, or waited for others to serve again: neither ends in serving by itself.
  const times =
    leftMs > 0
      ? timesFor(world, timeoutMs, world.clock.monotonicMs())
      : { deadlineMs: Number.POSITIVE_INFINITY, untilMs };
  enter(state, world, { phase: 'leaving', timeoutMs, ...times });
};

export const endDraining = (state: ClusterState, world: World): void => {
  state.lastDrainFailed = false;
  if (!isDraining(state)) return;
  world.log.info('This node serves again: its introduction points return to the descriptor');
  enter(state, world, { phase: 'no' });
};

/** The publisher in our eyes has said that no HSDir has our points any more. */
const heardLeftOut = (state: ClusterState): boolean =>
  state.lease.role !== 'publisher' &&
  state.peers.some(
    (peer) => peer.member.id === state.holder && peer.leftOutVersion === state.draining.version,
  );

const whileLeaving = (state: ClusterState, world: World, nowMs: number): void => {
  if (leavesOwnOut(state) && heardLeftOut(state)) {
    world.log.info('No HSDir has an introduction point of this node any more: its circuits go');
    // One that waited for others to serve again has all of its time once more.
    const { deadlineMs, timeoutMs } = state.draining;
    const times = Number.isFinite(deadlineMs) ? {} : timesFor(world, timeoutMs, nowMs);
    enter(state, world, { phase: 'emptying', ...times });
  } else if (nowMs >= state.draining.deadlineMs) {
    const error = errorData('drain.not-left-out', 'election');
    world.log.warn('This node does not drain and serves on', {}, error);
    state.lastDrainFailed = true;
    enter(state, world, { phase: 'no' });
  }
};

const whileEmptying = (state: ClusterState, world: World, nowMs: number): void => {
  const { departure, draining } = state;
  const isEmpty =
    departure?.version === draining.version &&
    departure.introduction === 0 &&
    departure.rendezvous.length === 0;
  if (!isEmpty && nowMs < draining.deadlineMs) return;
  if (isEmpty) world.log.info('This node is drained: it can be stopped');
  else {
    const circuits = departure?.rendezvous ?? [];
    const detail = { circuits: circuits.length };
    world.log.warn('This node is drained by its deadline', {}, errorData('drain.cut', 'election', detail));
    world.closeCircuits(circuits);
  }
  enter(state, world, { phase: 'drained' });
};

/** Does what is due of draining. Returns when it wants to be run again although nothing happens; null for never. */
export const stepDraining = (state: ClusterState, world: World, nowMs: number): number | null => {
  if (!isDraining(state)) return null;
  if (state.draining.phase !== 'leaving' && !leavesOwnOut(state)) {
    world.log.warn('No other node serves: this one stays in the descriptor until one does');
    enter(state, world, { phase: 'leaving', deadlineMs: Number.POSITIVE_INFINITY });
  }
  if (state.draining.phase === 'leaving') whileLeaving(state, world, nowMs);
  if (state.draining.phase === 'emptying') whileEmptying(state, world, nowMs);
  const { phase, deadlineMs } = state.draining;
  const waits = (phase === 'leaving' || phase === 'emptying') && Number.isFinite(deadlineMs);
  return waits ? Math.max(deadlineMs, nowMs + 1) : null;
};

export const drainView = (state: ClusterState): DrainView => ({
  phase: state.draining.phase,
  version: state.draining.version,
  leavesOwnOut: leavesOwnOut(state),
  untilMs: state.draining.untilMs,
  failed: state.lastDrainFailed,
});
