import type { TransportName } from '../wg/messages.js';
import type { ClusterState } from './cluster-state.js';
import { PROBES_UNTIL_DEATH } from './failure-detector.js';
import type { Fallback } from './paths.js';
import type { Peer } from './peer.js';

/**
 * In a cluster of two nobody else can be asked about a silent peer. A second transport can: it shares with the first neither
 * ports nor addresses nor the way through the network, so what silences both is the end of the peer, of its network, or of our
 * own. That it is not our own this node must know by itself. All times are of the monotonic clock, ms; functions are pure but
 * where they take the state.
 */

/** Rounds of probes over one transport since the peer was last heard over any. */
export interface Rounds {
  readonly sent: number;
  /** When the last one of those that are needed was sent; null while there are fewer. */
  readonly enoughMs: number | null;
}

export interface TransportEvidence {
  /** Its last authentic datagram, over any transport. */
  readonly heardMs: number | null;
  /** The same over the preferred one. */
  readonly preferredMs: number | null;
  /** Its last answer to a probe of ours over the stand-in: both directions carried. */
  readonly standInMs: number | null;
  /** Our last trial of the stand-in. */
  readonly triedMs: number | null;
  readonly preferred: Rounds;
  readonly standIn: Rounds;
}

const NO_ROUNDS: Rounds = { sent: 0, enoughMs: null };

export const NO_EVIDENCE: TransportEvidence = {
  heardMs: null,
  preferredMs: null,
  standInMs: null,
  triedMs: null,
  preferred: NO_ROUNDS,
  standIn: NO_ROUNDS,
};

/**
 * How long the last of three probes over the stand-in is waited for. It takes 0.5-2 s while the stream to the peer's coordination
 * service stands. One that broke together with the tunnel has to be made anew, a rendezvous of 1-5 s, up to 20 s over bad
 * circuits (outbound-stream.ts): whoever is only being called again must not be taken for dead. It is also long enough for
 * TorActor to find that it is this node's own Tor that gets no answers (outage-watch.ts: 8 s), of which isWell() learns. Silence
 * alone makes a death after 30 s and a take-over after 118 s, so much more would win little, and half of it 10 s.
 */
export const STAND_IN_PATIENCE_MS = 20_000;
/**
 * A stand-in that is never used may have been broken for long, and its silence would prove nothing. So it is tried by one probe
 * in this time. 200 bytes; an interval of the probes' own would spend Tor's circuits on a tunnel that works.
 */
export const TRY_EVERY_MS = 300_000;
/** While the last trial has no answer. The first ones after a start come before any circuit is there. */
export const TRY_AGAIN_MS = 15_000;
/** For how long an answer proves that the stand-in carries: the next trial and some repetitions of it fit in. */
const PROVEN_FOR_MS = TRY_EVERY_MS + 4 * TRY_AGAIN_MS;

/** A datagram of the peer has arrived. `isAnswer`: to a probe of ours, which goes the way that the probe came. */
export const afterHearingBy = (
  evidence: TransportEvidence,
  fallback: Fallback | null,
  transport: TransportName,
  isAnswer: boolean,
  nowMs: number,
): TransportEvidence => {
  if (fallback === null) return evidence;
  const isStandIn = transport === fallback.standIn;
  return {
    heardMs: nowMs,
    preferredMs: isStandIn ? evidence.preferredMs : nowMs,
    standInMs: isStandIn && isAnswer ? nowMs : evidence.standInMs,
    triedMs: evidence.triedMs,
    preferred: NO_ROUNDS,
    standIn: NO_ROUNDS,
  };
};

const oneMore = ({ sent, enoughMs }: Rounds, nowMs: number): Rounds => ({
  sent: sent + 1,
  enoughMs: sent + 1 === PROBES_UNTIL_DEATH ? nowMs : enoughMs,
});

/** A round of probes was sent over these transports; null is the preferred one, as in paths.ts. */
export const afterRound = (
  evidence: TransportEvidence,
  fallback: Fallback | null,
  vias: readonly (TransportName | null)[],
  nowMs: number,
): TransportEvidence => {
  if (fallback === null) return evidence;
  const isOver = (name: TransportName): boolean =>
    vias.some((via) => via === name || (via === null && name === fallback.preferred));
  return {
    ...evidence,
    preferred: isOver(fallback.preferred) ? oneMore(evidence.preferred, nowMs) : evidence.preferred,
    standIn: isOver(fallback.standIn) ? oneMore(evidence.standIn, nowMs) : evidence.standIn,
  };
};

/** Whatever was sent until now proves nothing: counting begins anew. */
export const withoutRounds = (evidence: TransportEvidence): TransportEvidence =>
  evidence.preferred.sent === 0 && evidence.standIn.sent === 0
    ? evidence
    : { ...evidence, preferred: NO_ROUNDS, standIn: NO_ROUNDS };

/** Whether the stand-in is to be tried now, while the peer is heard over the preferred transport. */
export const isTrialDue = ({ triedMs, standInMs }: TransportEvidence, nowMs: number): boolean => {
  if (triedMs === null) return true;
  const isAnswered = standInMs !== null && standInMs >= triedMs;
  return nowMs - triedMs >= (isAnswered ? TRY_EVERY_MS : TRY_AGAIN_MS);
};

export const afterTrial = (evidence: TransportEvidence, nowMs: number): TransportEvidence => ({
  ...evidence,
  triedMs: nowMs,
});

/**
 * Whether two transports that carried when the peer was last heard are silent now: three rounds of probes went out over each,
 * and the time that answers need has passed.
 */
export const areBothSilent = (evidence: TransportEvidence, probeMs: number, nowMs: number): boolean => {
  const { heardMs, preferredMs, standInMs, preferred, standIn } = evidence;
  if (heardMs === null || preferredMs === null || standInMs === null) return false;
  // A tunnel that was silent while Tor was heard is broken by itself, and a stand-in without an answer for long may be.
  if (heardMs - preferredMs > PROBES_UNTIL_DEATH * probeMs || heardMs - standInMs > PROVEN_FOR_MS)
    return false;
  const isOver = ({ enoughMs }: Rounds, patienceMs: number): boolean =>
    enoughMs !== null && nowMs - enoughMs >= patienceMs;
  return isOver(preferred, probeMs) && isOver(standIn, STAND_IN_PATIENCE_MS);
};

/**
 * Whether this node may speak for both transports: it was not late, its Tor and both transports are up, and its Tor shows
 * introduction points. It has none while it gets no answers from the network (TorActor withholds them then): the one sign of
 * an outage of our own that Tor's state does not give.
 */
const isWell = ({ settings, organs, transportsUp, ownSet }: ClusterState, stretch: number): boolean =>
  settings.fallback !== null &&
  stretch === 1 &&
  organs.tor === 'up' &&
  transportsUp.has(settings.fallback.preferred) &&
  transportsUp.has(settings.fallback.standIn) &&
  (ownSet?.count ?? 0) > 0;

/** Whether this is a cluster of two with two transports. */
export const isPairWithTwoWays = ({ settings, peers }: ClusterState): boolean =>
  settings.fallback !== null && peers.length === 1;

/** What was sent while this node was not well is no evidence, and that it is well now does not make it any. */
export const forgetRoundsWhileIll = (state: ClusterState, stretch: number): void => {
  if (isWell(state, stretch)) return;
  for (const peer of state.peers) peer.ways = withoutRounds(peer.ways);
};

/** Whether, in a cluster of two, both transports say that the peer is dead. */
export const transportsAgree = (state: ClusterState, peer: Peer, nowMs: number, stretch: number): boolean =>
  isPairWithTwoWays(state) &&
  isWell(state, stretch) &&
  areBothSilent(peer.ways, state.settings.probeMs, nowMs);

/** When that may become true with nothing but time; null where it cannot. */
export const agreementDueMs = (state: ClusterState, peer: Peer): number | null => {
  const { enoughMs } = peer.ways.standIn;
  return isPairWithTwoWays(state) && enoughMs !== null ? enoughMs + STAND_IN_PATIENCE_MS : null;
};
