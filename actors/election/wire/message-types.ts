import type { Brand } from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { TokenUseAnswer, TokenUseRequest } from '../join/token-use.js';
import type { SeenCounter } from '../messages.js';
import type { Fingerprint, SubjectKey } from '../records/record.js';
import type { NodeTag } from './header.js';

/**
 * The number of each message type in the header. A number, once given, keeps its meaning; what came after the first
 * version has numbers from 32 on, and what a version does not know it counts and ignores.
 */
export const MESSAGE_TYPE = {
  heartbeat: 1,
  probe: 2,
  'probe-ack': 3,
  'probe-request': 4,
  'probe-report': 5,
  'introduction-points': 6,
  'introduction-points-ack': 7,
  'introduction-points-request': 8,
  'lease-claim': 9,
  'lease-release': 10,
  goodbye: 11,
  'epoch-notice': 12,
  'records-summary': 32,
  record: 33,
  'token-use-request': 34,
  'token-use-answer': 35,
  draining: 36,
  'left-out': 37,
} as const;

export type MessageKind = keyof typeof MESSAGE_TYPE;

/** First 8 bytes of SHA-256 over the encoded set: tells sets of one authentic sender apart, and proves nothing. */
export type SetDigest = Brand<Uint8Array, 'SetDigest'>;

/** Eight random bytes that the answer to a probe must repeat. */
export type ProbeId = Brand<Uint8Array, 'ProbeId'>;

export interface HeartbeatFlags {
  readonly publisher: boolean;
  /** Holds the master key. */
  readonly hasKey: boolean;
  /** Could publish now: its Tor is up and nothing keeps its publisher waiting. */
  readonly able: boolean;
  /** Has just started and listens for a sitting publisher: it claims nothing and gives nothing up yet. */
  readonly listening: boolean;
  /** Doubts itself: late loop, Tor or transport ill. */
  readonly strained: boolean;
  /** Holds the lease and uploads nothing, because it found, or looks for, another publisher's descriptor. */
  readonly withholds: boolean;
  /** Had better not publish where another node can: its clock is wrong, or its memory runs out. */
  readonly unfit: boolean;
}

export interface Heartbeat {
  readonly kind: 'heartbeat';
  /** Changes with the sender's state, so that a peer can say which state it has seen. */
  readonly revision: number;
  readonly flags: HeartbeatFlags;
  readonly priority: number;
  /** Of the sender's own lease; 0 when it is not the publisher. */
  readonly leaseRemainingMs: number;
  /** Who holds the lease as far as the sender knows; NO_TAG for nobody. */
  readonly holder: NodeTag;
  readonly points: {
    /** Null while the sender does not know its own introduction points yet. */
    readonly digest: SetDigest | null;
    readonly count: number;
  };
  /** All introduction points that the sender could put into a descriptor: the measure in a conflict. */
  readonly visiblePoints: number;
  readonly members: { readonly digest: SetDigest; readonly count: number };
  /** At most MAX_COUNTERS. */
  readonly counters: readonly SeenCounter[];
}

export interface Probe {
  readonly kind: 'probe';
  readonly id: ProbeId;
  /** The recipient's newest revision that the sender has seen; 0 for none. */
  readonly seenRevision: number;
}

export interface ProbeAck {
  readonly kind: 'probe-ack';
  readonly id: ProbeId;
  /** The answerer's wall clock when the probe arrived: T2 of RFC 5905 §8, whose T3 is the datagram's own time. */
  readonly probeReceivedAtMs: number;
  readonly seenRevision: number;
}

/** "Can you reach this node?" */
export interface ProbeRequest {
  readonly kind: 'probe-request';
  readonly target: NodeTag;
}

/** "I last heard it so long ago", from the reporter's own ears only: a rumour of a rumour would never end. */
export interface ProbeReport {
  readonly kind: 'probe-report';
  readonly target: NodeTag;
  /** Null: never. */
  readonly heardMsAgo: number | null;
}

/** One part of a node's whole set of introduction points. */
export interface IntroductionPointsPart {
  readonly kind: 'introduction-points';
  /** Rises with every change of the set within the sender's epoch. */
  readonly version: number;
  readonly digest: SetDigest;
  /** Since Tor's event behind the change, at the moment of sending: clocks need not agree for it. */
  readonly ageMs: number;
  readonly part: number;
  readonly parts: number;
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
  readonly points: readonly IntroductionPoint[];
}

export interface IntroductionPointsAck {
  readonly kind: 'introduction-points-ack';
  readonly digest: SetDigest;
}

/** Asks for the whole set again, because the heartbeat names one that we do not hold. */
export interface IntroductionPointsRequest {
  readonly kind: 'introduction-points-request';
}

export interface LeaseClaim {
  readonly kind: 'lease-claim';
  readonly leaseRemainingMs: number;
  readonly priority: number;
  readonly visiblePoints: number;
}

export interface LeaseRelease {
  readonly kind: 'lease-release';
}

/** The sender ends its work: its introduction points leave at once, without any grace. */
export interface Goodbye {
  readonly kind: 'goodbye';
}

/** "I know you by a higher boot epoch": the answer to an authentic datagram whose epoch has passed. */
export interface EpochNotice {
  readonly kind: 'epoch-notice';
  /** The epoch of the refused datagram. */
  readonly refused: number;
  readonly known: number;
}

/**
 * What the sender holds of the signed records within a range of subjects. Whoever gets it sends back what the sender
 * lacks there, and asks for what it lacks itself by a summary of its own, which is not answered by another one.
 */
export interface RecordsSummary {
  readonly kind: 'records-summary';
  readonly isAnswer: boolean;
  /** Subjects greater than this … */
  readonly after: SubjectKey;
  /** … up to and including this one. */
  readonly upTo: SubjectKey;
  /** At most MAX_SUMMARY_ENTRIES. */
  readonly entries: readonly { readonly subject: SubjectKey; readonly fingerprint: Fingerprint }[];
}

export type DrainWord = 'no' | 'draining' | 'drained';

/**
 * Whether the sender is being taken out of service. It goes with every probe once the sender has drained in its epoch; one
 * that never did says nothing, and a new epoch begins with "no".
 */
export interface DrainingMessage {
  readonly kind: 'draining';
  /** Rises with every change within the sender's epoch. */
  readonly version: number;
  readonly word: DrainWord;
}

/** The publisher to a node that drains: no HSDir has one of its introduction points any more. */
export interface LeftOut {
  readonly kind: 'left-out';
  /** That of the node's own word that is answered. */
  readonly version: number;
}

/** One signed record, not yet verified. */
export interface RecordMessage {
  readonly kind: 'record';
  readonly bytes: Uint8Array;
}

export type Message =
  | Heartbeat
  | Probe
  | ProbeAck
  | ProbeRequest
  | ProbeReport
  | IntroductionPointsPart
  | IntroductionPointsAck
  | IntroductionPointsRequest
  | LeaseClaim
  | LeaseRelease
  | Goodbye
  | EpochNotice
  | RecordsSummary
  | RecordMessage
  | TokenUseRequest
  | TokenUseAnswer
  | DrainingMessage
  | LeftOut;

/** A message with its sender's wall clock at sending, ms. */
export interface Dated {
  readonly sentAtMs: number;
  readonly message: Message;
}

export const MAX_COUNTERS = 4;
/** 64 entries of 16 bytes leave room for the rest of a datagram. */
export const MAX_SUMMARY_ENTRIES = 64;
/** A descriptor holds at most 20 (C Tor's HS_CONFIG_V3_MAX_INTRO_POINTS), so no node ever has more to offer. */
export const MAX_POINTS = 20;
export const MAX_CREATE2_FORMATS = 8;
export const MAX_FLOW_CONTROL = 64;
export const MAX_LINK_SPECIFIERS = 8;
/** Keeps one point within one datagram whatever its link specifiers are; three ordinary ones take 66 to 84 bytes. */
export const MAX_LINK_SPECIFIER_BYTES = 512;
