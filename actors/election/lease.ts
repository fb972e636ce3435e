import type { NodeId } from '../kernel/brands.js';
import type { ElectionSettings } from './settings.js';

/**
 * Who publishes. The lease is advisory: the revision counter is the fence between publishers, two of them upload the
 * same descriptor, and having none is what hurts. So whenever it is unclear whether somebody publishes, somebody does.
 *
 * listening: just started, asking who publishes. standby: another node publishes, or this one cannot. claiming: the
 * lease is free but better nodes come first, or several may claim; it waits a while. publisher: it holds the lease.
 */
export type LeaseRole = 'listening' | 'standby' | 'claiming' | 'publisher';

export interface LeaseState {
  readonly role: LeaseRole;
  readonly sinceMs: number;
  /** Listening ends here, whether or not anybody was heard. */
  readonly listenUntilMs: number;
  /** When a publisher looks whether a better node should have the lease; it renews otherwise. */
  readonly termEndsMs: number;
  /** When a claiming node takes the lease; null outside of claiming. */
  readonly claimAtMs: number | null;
}

/** One node as a candidate for the lease. */
export interface Candidate {
  readonly id: NodeId;
  readonly priority: number;
  readonly hasKey: boolean;
  readonly able: boolean;
  /** Nothing is wrong with it that would make another node the better publisher. */
  readonly fit: boolean;
}

/** What decides between two publishers. */
export interface Contender extends Candidate {
  readonly visiblePoints: number;
  /** Holds the lease and uploads nothing, since another publisher's descriptor stands. */
  readonly withholds: boolean;
}

export interface Rival extends Contender {
  readonly live: boolean;
  /** Holds a lease that must be respected. */
  readonly claims: boolean;
  /** Takes this node for the holder. */
  readonly namesUs: boolean;
  /** Whether its state is known. */
  readonly known: boolean;
  /** Since when it could have published, and was fit to, without a break; null when it is not so now. */
  readonly readySinceMs: number | null;
}

export interface LeaseView {
  readonly self: Contender;
  readonly rivals: readonly Rival[];
}

export type LeaseReason =
  | 'unchanged'
  | 'no other node is configured'
  | 'another node publishes'
  | 'the peers still take this node for the publisher'
  | 'the lease is free'
  | 'better nodes did not claim'
  | 'better nodes come first'
  | 'this node has no master key'
  | 'another publisher prevails'
  | 'this node cannot publish and another can'
  | 'this node is not fit to publish and another is'
  | 'a better node was ready for a whole lease';

export interface LeaseStep {
  readonly state: LeaseState;
  readonly reason: LeaseReason;
}

/**
 * Probe intervals that a starting node listens when not everybody answered: three probes, of which one gets through
 * whatever the usual losses. Then it claims even if nobody answered at all: an address that stays down because other
 * nodes are down helps nobody, and a second publisher is harmless and gives way at first contact.
 */
const LISTENING_PROBES = 3;
/** Probe intervals by which each better candidate delays a claim: it has that long to claim itself. */
const RANK_PROBES = 3;

export const startListening = (nowMs: number, settings: ElectionSettings): LeaseState => ({
  role: 'listening',
  sinceMs: nowMs,
  listenUntilMs: nowMs + LISTENING_PROBES * settings.probeMs,
  termEndsMs: 0,
  claimAtMs: null,
});

/** Who is fit to publish comes first, then who can all the same, then who cannot: an address without a publisher is worst. */
const classOf = ({ able, fit }: Candidate): number => {
  if (!able) return 2;
  return fit ? 0 : 1;
};

/** By class, then priority (lower first), ties by node id. */
export const ranksBefore = (a: Candidate, b: Candidate): boolean => {
  if (classOf(a) !== classOf(b)) return classOf(a) < classOf(b);
  return a.priority === b.priority ? a.id < b.id : a.priority < b.priority;
};

/**
 * Of two publishers the one that publishes prevails over one that withholds: that one found as many introduction points
 * in the other's descriptor as it has itself, and what it sees at the first contact changes with every datagram. Then
 * the one that sees more points, then priority, then id.
 */
export const prevails = (a: Contender, b: Contender): boolean => {
  if (a.withholds !== b.withholds) return b.withholds;
  if (a.visiblePoints !== b.visiblePoints) return a.visiblePoints > b.visiblePoints;
  return a.priority === b.priority ? a.id < b.id : a.priority < b.priority;
};

const changed = (state: LeaseState, role: LeaseRole, nowMs: number): LeaseState =>
  state.role === role ? state : { ...state, role, sinceMs: nowMs, claimAtMs: null };

const publish = (state: LeaseState, nowMs: number, settings: ElectionSettings): LeaseState => ({
  ...changed(state, 'publisher', nowMs),
  termEndsMs: nowMs + settings.leaseMs,
});

const candidates = (view: LeaseView): readonly Rival[] =>
  view.rivals.filter((rival) => rival.live && rival.hasKey);

const asPublisher = (
  state: LeaseState,
  view: LeaseView,
  nowMs: number,
  settings: ElectionSettings,
): LeaseStep => {
  const standDown = (reason: LeaseReason): LeaseStep => ({
    state: changed(state, 'standby', nowMs),
    reason,
  });
  if (view.rivals.some((rival) => rival.claims && rival.live && prevails(rival, view.self))) {
    return standDown('another publisher prevails');
  }
  // A node that was removed from the cluster: it counts as one without the key.
  if (!view.self.hasKey) return standDown('this node has no master key');
  const others = candidates(view);
  // Whoever is of no better class is left alone: among nodes that are all unfit the lease would only go round.
  if (others.some((rival) => rival.known && classOf(rival) < classOf(view.self))) {
    return standDown(
      view.self.able
        ? 'this node is not fit to publish and another is'
        : 'this node cannot publish and another can',
    );
  }
  if (nowMs < state.termEndsMs) return { state, reason: 'unchanged' };
  // Within a lease nobody is preempted. At its end a better node gets it, if it was ready for a whole lease: a node
  // that comes and goes does not drag the lease along.
  const successor = others.some(
    (rival) =>
      ranksBefore(rival, view.self) &&
      rival.readySinceMs !== null &&
      nowMs - rival.readySinceMs >= settings.leaseMs,
  );
  if (successor) return standDown('a better node was ready for a whole lease');
  return { state: { ...state, termEndsMs: nowMs + settings.leaseMs }, reason: 'unchanged' };
};

const withoutLease = (
  state: LeaseState,
  view: LeaseView,
  nowMs: number,
  settings: ElectionSettings,
  jitter: () => number,
): LeaseStep => {
  const standBy = (reason: LeaseReason): LeaseStep => ({
    state: changed(state, 'standby', nowMs),
    reason,
  });
  if (!view.self.hasKey) return standBy('this node has no master key');
  if (view.rivals.some((rival) => rival.claims)) return standBy('another node publishes');
  const before = candidates(view).filter((rival) => ranksBefore(rival, view.self)).length;
  if (before === 0) return { state: publish(state, nowMs, settings), reason: 'the lease is free' };
  const claimAtMs =
    state.claimAtMs ?? nowMs + before * RANK_PROBES * settings.probeMs + jitter() * settings.backoffJitterMs;
  if (nowMs >= claimAtMs) {
    return { state: publish(state, nowMs, settings), reason: 'better nodes did not claim' };
  }
  return {
    state: { ...changed(state, 'claiming', nowMs), claimAtMs },
    reason: 'better nodes come first',
  };
};

const whileListening = (
  state: LeaseState,
  view: LeaseView,
  nowMs: number,
  settings: ElectionSettings,
  jitter: () => number,
): LeaseStep => {
  if (view.rivals.length === 0 && view.self.hasKey) {
    return { state: publish(state, nowMs, settings), reason: 'no other node is configured' };
  }
  if (!view.rivals.some((rival) => rival.claims) && view.self.hasKey) {
    // Our predecessor in this node held the lease and ended without a word: nobody need take over.
    if (view.rivals.some((rival) => rival.live && rival.namesUs)) {
      return {
        state: publish(state, nowMs, settings),
        reason: 'the peers still take this node for the publisher',
      };
    }
    const allKnown = view.rivals.every((rival) => rival.known);
    if (!allKnown && nowMs < state.listenUntilMs) return { state, reason: 'unchanged' };
  }
  return withoutLease(state, view, nowMs, settings, jitter);
};

/**
 * What this node is from now on.
 *
 * @param jitter uniform in [0, 1); asked only when a claim is put off
 */
export const decideLease = (
  state: LeaseState,
  view: LeaseView,
  nowMs: number,
  settings: ElectionSettings,
  jitter: () => number,
): LeaseStep => {
  switch (state.role) {
    case 'publisher':
      return asPublisher(state, view, nowMs, settings);
    case 'listening':
      return whileListening(state, view, nowMs, settings, jitter);
    case 'standby':
    case 'claiming':
      return withoutLease(state, view, nowMs, settings, jitter);
  }
};

/** When the lease must be looked at again even if nothing happens; null for never. */
export const leaseDueMs = (state: LeaseState): number | null => {
  switch (state.role) {
    case 'publisher':
      return state.termEndsMs;
    case 'claiming':
      return state.claimAtMs;
    case 'listening':
      return state.listenUntilMs;
    case 'standby':
      return null;
  }
};
