import type { TransportName } from '../wg/messages.js';
import { NO_ESTIMATE } from './clock-estimate.js';
import type { ClockEstimate } from './clock-estimate.js';
import { PEER_NOT_DRAINING } from './draining.js';
import type { PeerDraining } from './draining.js';
import { startWatching } from './failure-detector.js';
import type { Agreement, Detection, Judgement } from './failure-detector.js';
import type { Member } from './members.js';
import type { Lifecycle } from './messages.js';
import { NO_PATH_EVIDENCE } from './paths.js';
import type { PathEvidence } from './paths.js';
import { EMPTY_INBOX, forNewEpoch } from './points-inbox.js';
import type { PointsInbox } from './points-inbox.js';
import { NO_EVIDENCE } from './second-transport.js';
import type { TransportEvidence } from './second-transport.js';
import type { Heartbeat, SetDigest } from './wire/message-types.js';
import { emptyWindow } from './wire/replay-window.js';
import type { ReplayWindow } from './wire/replay-window.js';

export interface Death {
  /** Null while silence alone speaks for it. */
  readonly agreedBy: Agreement | null;
  /** When its introduction points leave the descriptor. */
  readonly removeAtMs: number;
}

/** All that the election knows of one other node. Times are monotonic, ms. */
export interface Peer {
  /** Its id and addresses may change, its key never. */
  member: Member;

  // — its datagrams —
  /** Its boot epoch; null before its first datagram of proved freshness. */
  epoch: number | null;
  window: ReplayWindow;
  /** It said goodbye in this epoch: only a later one is heard again. */
  leftEpoch: number | null;
  /** Of what we send to it. */
  nextSequence: number;
  transport: TransportName | null;
  paths: PathEvidence;
  nextNoticeMs: number;

  // — whether it lives —
  clock: ClockEstimate;
  detection: Detection;
  /** What each of two transports says of it. */
  ways: TransportEvidence;
  judgement: Judgement;
  lifecycle: Lifecycle;
  death: Death | null;
  /** Misses that the log has told of. */
  toldMisses: number;
  /** Our probes under way: id in hex → when it was sent. */
  readonly pending: Map<string, number>;
  nextRoundMs: number;
  followUpMs: number | null;
  /** Others that asked whether we reach it, and until when they shall have an answer. */
  readonly askedBy: Map<Peer, number>;

  // — what it says —
  /** Its last heartbeat. */
  statement: Heartbeat | null;
  /** Revision of that heartbeat, 0 when it is from an earlier epoch. */
  seenRevision: number;
  /** When its first heartbeat came since it was last silent or started; null when none has, so its claims are unknown. */
  contactSinceMs: number | null;
  /** Until when its claim of the lease holds; null when it claims none. */
  claimUntilMs: number | null;
  readySinceMs: number | null;
  inbox: PointsInbox;
  /** When its introduction points may be asked for; null when we hold what it named. */
  requestAtMs: number | null;

  drain: PeerDraining;
  /** The version of our own draining of which it said that no HSDir has our points any more; null while it did not. */
  leftOutVersion: number | null;

  // — what it knows of us —
  sentRevision: number;
  sentHeartbeatMs: number;
  nextHeartbeatMs: number;
  confirmedRevision: number;
  ackedPoints: SetDigest | null;
  nextPointsMs: number;
  pointsTries: number;

  // — the records that it holds —
  /** Since when its digest differs from ours; null while it does not. */
  recordsDifferSinceMs: number | null;
  nextSummaryMs: number;
  /** What it still may make us do about records (verify, send) within this window of time. */
  recordWindow: { readonly startMs: number; readonly left: number };
}

const NOT_JUDGED: Judgement = { standing: 'unknown', agreedBy: null, missedHeartbeats: 0, silenceMs: 0 };

/** A peer of which nothing was heard yet. It is probed at once. */
export const newPeer = (member: Member, nowMs: number): Peer => ({
  member,
  epoch: null,
  window: emptyWindow(),
  leftEpoch: null,
  nextSequence: 0,
  transport: null,
  paths: NO_PATH_EVIDENCE,
  nextNoticeMs: nowMs,
  clock: NO_ESTIMATE,
  detection: startWatching(nowMs),
  ways: NO_EVIDENCE,
  judgement: NOT_JUDGED,
  lifecycle: 'joining',
  death: null,
  toldMisses: 0,
  pending: new Map(),
  nextRoundMs: nowMs,
  followUpMs: null,
  askedBy: new Map(),
  statement: null,
  seenRevision: 0,
  contactSinceMs: null,
  claimUntilMs: null,
  readySinceMs: null,
  inbox: EMPTY_INBOX,
  requestAtMs: null,
  drain: PEER_NOT_DRAINING,
  leftOutVersion: null,
  sentRevision: 0,
  sentHeartbeatMs: nowMs - 1e6,
  nextHeartbeatMs: nowMs,
  confirmedRevision: 0,
  ackedPoints: null,
  nextPointsMs: nowMs,
  pointsTries: 0,
  recordsDifferSinceMs: null,
  nextSummaryMs: nowMs,
  recordWindow: { startMs: Number.NEGATIVE_INFINITY, left: 0 },
});

/** The peer has started anew: what it knew of us is gone; what it last said holds until it says something else. */
export const adoptEpoch = (peer: Peer, epoch: number): void => {
  peer.epoch = epoch;
  peer.window = emptyWindow();
  peer.leftEpoch = null;
  peer.seenRevision = 0;
  peer.contactSinceMs = null;
  peer.confirmedRevision = 0;
  peer.sentRevision = 0;
  peer.ackedPoints = null;
  peer.pointsTries = 0;
  peer.drain = PEER_NOT_DRAINING;
  peer.leftOutVersion = null;
  peer.inbox = forNewEpoch(peer.inbox);
};

/** Whether there is any use in telling it something that must arrive. */
export const isReachable = (peer: Peer): boolean =>
  peer.judgement.standing === 'live' || peer.judgement.standing === 'suspect';

export const isLive = (peer: Peer): boolean => peer.judgement.standing === 'live';

/**
 * Whether its end is certain: another node confirmed it, or it said goodbye. That two transports of ours are silent ends the
 * waiting, but it may be we who are cut off: what it published is looked at before it is replaced.
 */
export const isGone = ({ leftEpoch, death }: Peer): boolean =>
  leftEpoch !== null || death?.agreedBy === 'nodes' || death?.agreedBy === 'itself';

/** It lives, and its introduction points are not here yet. */
export const lacksPoints = (peer: Peer): boolean =>
  isLive(peer) &&
  peer.inbox.committed === null &&
  (peer.seenRevision === 0 || peer.statement?.points.digest !== null);

/** How many of its introduction points belong into the descriptor now. */
export const pointCount = (peer: Peer): number => peer.inbox.committed?.points.length ?? 0;
