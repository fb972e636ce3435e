import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { LARGEST_COUNTER_INPUT } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { readTokenUseAnswer, readTokenUseRequest } from '../join/token-use.js';
import type { SeenCounter } from '../messages.js';
import { MAX_RECORD_BYTES } from '../records/record.js';
import type { Fingerprint, SubjectKey } from '../records/record.js';
import { decodeWith, Malformed } from './byte-reader.js';
import type { ByteReader } from './byte-reader.js';
import { DRAIN_WORDS, FLAG_ORDER, NEVER, NO_FLOW_CONTROL } from './encode-message.js';
import type { NodeTag } from './header.js';
import { TAG_BYTES } from './limits.js';
import {
  MAX_COUNTERS,
  MAX_CREATE2_FORMATS,
  MAX_FLOW_CONTROL,
  MAX_POINTS,
  MAX_SUMMARY_ENTRIES,
  MESSAGE_TYPE,
} from './message-types.js';
import type {
  Dated,
  Heartbeat,
  HeartbeatFlags,
  IntroductionPointsPart,
  Message,
  MessageKind,
  ProbeId,
  SetDigest,
} from './message-types.js';
import { readPoint } from './point-codec.js';

/** A lease longer than a week is a mistake of whoever sends it (the configuration's own upper bound). */
const LONGEST_LEASE_MS = 7 * 24 * 3600 * 1000;
const HIGHEST_PRIORITY = 1_000_000;
const MOST_VISIBLE_POINTS = 20 * 1024;

const tag = (reader: ByteReader): NodeTag => reader.bytes(TAG_BYTES) as NodeTag;
const digest = (reader: ByteReader): SetDigest => reader.bytes(TAG_BYTES) as SetDigest;
const optionalDigest = (reader: ByteReader): SetDigest | null => {
  const value = digest(reader);
  return value.every((byte) => byte === 0) ? null : value;
};

const flags = (reader: ByteReader): HeartbeatFlags => {
  const byte = reader.u8();
  if (byte >> FLAG_ORDER.length !== 0) throw new Malformed();
  const bit = (name: (typeof FLAG_ORDER)[number]): boolean => ((byte >> FLAG_ORDER.indexOf(name)) & 1) === 1;
  return {
    publisher: bit('publisher'),
    hasKey: bit('hasKey'),
    able: bit('able'),
    listening: bit('listening'),
    strained: bit('strained'),
    withholds: bit('withholds'),
    unfit: bit('unfit'),
  };
};

/** Counter inputs beyond what a revision counter takes would lock every publisher out, so they are refused here. */
const counters = (reader: ByteReader): readonly SeenCounter[] => {
  const count = reader.within(reader.u8(), 0, MAX_COUNTERS);
  return Array.from({ length: count }, () => ({
    timePeriod: reader.u32() as TimePeriodNumber,
    n: reader.within(reader.u32(), 1, LARGEST_COUNTER_INPUT),
  }));
};

const heartbeat = (reader: ByteReader): Heartbeat => ({
  kind: 'heartbeat',
  revision: reader.u32(),
  flags: flags(reader),
  priority: reader.within(reader.u32(), 1, HIGHEST_PRIORITY),
  leaseRemainingMs: reader.within(reader.u32(), 0, LONGEST_LEASE_MS),
  holder: tag(reader),
  points: { digest: optionalDigest(reader), count: reader.within(reader.u8(), 0, MAX_POINTS) },
  visiblePoints: reader.within(reader.u16(), 0, MOST_VISIBLE_POINTS),
  members: { digest: digest(reader), count: reader.u16() },
  counters: counters(reader),
});

/** Only what may stand in a descriptor line: printable ASCII. */
const flowControl = (reader: ByteReader): string | null => {
  const length = reader.u8();
  if (length === NO_FLOW_CONTROL) return null;
  const text = Buffer.from(reader.bytes(reader.within(length, 1, MAX_FLOW_CONTROL))).toString('latin1');
  if (!/^[\x20-\x7e]+$/.test(text)) throw new Malformed();
  return text;
};

const pointsPart = (reader: ByteReader): IntroductionPointsPart => {
  const version = reader.u32();
  const setDigest = digest(reader);
  const ageMs = reader.u32();
  const part = reader.u8();
  const parts = reader.within(reader.u8(), 1, MAX_POINTS);
  if (part >= parts) throw new Malformed();
  const formats = reader.within(reader.u8(), 0, MAX_CREATE2_FORMATS);
  return {
    kind: 'introduction-points',
    version,
    digest: setDigest,
    ageMs,
    part,
    parts,
    create2Formats: Array.from({ length: formats }, () => reader.u16()),
    flowControl: flowControl(reader),
    points: Array.from({ length: reader.within(reader.u8(), 0, MAX_POINTS) }, () => readPoint(reader)),
  };
};

const report = (reader: ByteReader): Message => {
  const target = tag(reader);
  const heardMsAgo = reader.u32();
  return { kind: 'probe-report', target, heardMsAgo: heardMsAgo === NEVER ? null : heardMsAgo };
};

const subjectKey = (reader: ByteReader): SubjectKey => bytesKey(reader.bytes(TAG_BYTES)) as SubjectKey;

const recordsSummary = (reader: ByteReader): Message => ({
  kind: 'records-summary',
  isAnswer: reader.within(reader.u8(), 0, 1) === 1,
  after: subjectKey(reader),
  upTo: subjectKey(reader),
  entries: Array.from({ length: reader.within(reader.u8(), 0, MAX_SUMMARY_ENTRIES) }, () => ({
    subject: subjectKey(reader),
    fingerprint: bytesKey(reader.bytes(TAG_BYTES)) as Fingerprint,
  })),
});

const DECODERS: Readonly<Record<MessageKind, (reader: ByteReader) => Message>> = {
  heartbeat,
  probe: (reader) => ({
    kind: 'probe',
    id: reader.bytes(TAG_BYTES) as ProbeId,
    seenRevision: reader.u32(),
  }),
  'probe-ack': (reader) => ({
    kind: 'probe-ack',
    id: reader.bytes(TAG_BYTES) as ProbeId,
    probeReceivedAtMs: reader.u48(),
    seenRevision: reader.u32(),
  }),
  'probe-request': (reader) => ({ kind: 'probe-request', target: tag(reader) }),
  'probe-report': report,
  'introduction-points': pointsPart,
  'introduction-points-ack': (reader) => ({ kind: 'introduction-points-ack', digest: digest(reader) }),
  'introduction-points-request': () => ({ kind: 'introduction-points-request' }),
  'lease-claim': (reader) => ({
    kind: 'lease-claim',
    leaseRemainingMs: reader.within(reader.u32(), 1, LONGEST_LEASE_MS),
    priority: reader.within(reader.u32(), 1, HIGHEST_PRIORITY),
    visiblePoints: reader.within(reader.u16(), 0, MOST_VISIBLE_POINTS),
  }),
  'lease-release': () => ({ kind: 'lease-release' }),
  goodbye: () => ({ kind: 'goodbye' }),
  'epoch-notice': (reader) => ({ kind: 'epoch-notice', refused: reader.u64(), known: reader.u64() }),
  'records-summary': recordsSummary,
  record: (reader) => ({
    kind: 'record',
    bytes: reader.bytes(reader.within(reader.u16(), 1, MAX_RECORD_BYTES)),
  }),
  'token-use-request': readTokenUseRequest,
  'token-use-answer': readTokenUseAnswer,
  draining: (reader) => ({
    kind: 'draining',
    version: reader.u32(),
    word: DRAIN_WORDS[reader.within(reader.u8(), 0, DRAIN_WORDS.length - 1)] ?? 'no',
  }),
  'left-out': (reader) => ({ kind: 'left-out', version: reader.u32() }),
};

const KIND_OF_TYPE = new Map<number, MessageKind>(
  (Object.keys(MESSAGE_TYPE) as MessageKind[]).map((kind) => [MESSAGE_TYPE[kind], kind]),
);

/** The kind that a type number stands for; null for those of later versions. */
export const kindOfType = (type: number): MessageKind | null => KIND_OF_TYPE.get(type) ?? null;

/** Decodes an authentic body of a known kind; null for anything but exactly one well-formed message. Never throws. */
export const decodeBody = (kind: MessageKind, body: Uint8Array): Dated | null =>
  decodeWith(body, (reader) => ({ sentAtMs: reader.u48(), message: DECODERS[kind](reader) }));
