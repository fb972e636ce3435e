import { writeTokenUseAnswer, writeTokenUseRequest } from '../join/token-use.js';
import { byteWriter } from './byte-writer.js';
import type { ByteWriter } from './byte-writer.js';
import { LARGEST_BODY, TAG_BYTES } from './limits.js';
import type {
  Dated,
  DrainWord,
  Heartbeat,
  HeartbeatFlags,
  IntroductionPointsPart,
  MessageKind,
  RecordsSummary,
  SetDigest,
} from './message-types.js';
import { encodePoint } from './point-codec.js';

/** Bits of the heartbeat's flags byte, lowest first. */
export const FLAG_ORDER = [
  'publisher',
  'hasKey',
  'able',
  'listening',
  'strained',
  'withholds',
  'unfit',
] as const satisfies readonly (keyof HeartbeatFlags)[];

/** Its byte in the message is the place in this list. */
export const DRAIN_WORDS = ['no', 'draining', 'drained'] as const satisfies readonly DrainWord[];

/** u32 that stands for "never" in a report. */
export const NEVER = 0xffff_ffff;
/** Length byte that stands for "no flow-control line". */
export const NO_FLOW_CONTROL = 255;
export const NO_DIGEST = new Uint8Array(TAG_BYTES) as SetDigest;

/** Room for every message of fixed size: a heartbeat with all counters takes 85 bytes. */
const LARGEST_FIXED_BODY = 128;
const LONG: ReadonlySet<MessageKind> = new Set(['introduction-points', 'records-summary', 'record']);

const flagByte = (flags: HeartbeatFlags): number =>
  FLAG_ORDER.reduce((byte, name, bit) => (flags[name] ? byte | (1 << bit) : byte), 0);

const heartbeat = (writer: ByteWriter, message: Heartbeat): void => {
  writer
    .u32(message.revision)
    .u8(flagByte(message.flags))
    .u32(message.priority)
    .u32(message.leaseRemainingMs)
    .bytes(message.holder)
    .bytes(message.points.digest ?? NO_DIGEST)
    .u8(message.points.count)
    .u16(message.visiblePoints)
    .bytes(message.members.digest)
    .u16(message.members.count)
    .u8(message.counters.length);
  for (const { timePeriod, n } of message.counters) writer.u32(timePeriod).u32(n);
};

const pointsPart = (writer: ByteWriter, message: IntroductionPointsPart): void => {
  writer.u32(message.version).bytes(message.digest).u32(message.ageMs).u8(message.part).u8(message.parts);
  writer.u8(message.create2Formats.length);
  for (const format of message.create2Formats) writer.u16(format);
  if (message.flowControl === null) writer.u8(NO_FLOW_CONTROL);
  else writer.u8(message.flowControl.length).bytes(Buffer.from(message.flowControl, 'latin1'));
  writer.u8(message.points.length);
  for (const point of message.points) writer.bytes(encodePoint(point));
};

const hex = (digits: string): Uint8Array => Buffer.from(digits, 'hex');

const recordsSummary = (writer: ByteWriter, message: RecordsSummary): void => {
  writer
    .u8(message.isAnswer ? 1 : 0)
    .bytes(hex(message.after))
    .bytes(hex(message.upTo))
    .u8(message.entries.length);
  for (const { subject, fingerprint } of message.entries) writer.bytes(hex(subject)).bytes(hex(fingerprint));
};

const fields = (writer: ByteWriter, message: Dated['message']): void => {
  switch (message.kind) {
    case 'heartbeat':
      heartbeat(writer, message);
      return;
    case 'probe':
      writer.bytes(message.id).u32(message.seenRevision);
      return;
    case 'probe-ack':
      writer.bytes(message.id).u48(message.probeReceivedAtMs).u32(message.seenRevision);
      return;
    case 'probe-request':
      writer.bytes(message.target);
      return;
    case 'probe-report':
      writer.bytes(message.target).u32(message.heardMsAgo ?? NEVER);
      return;
    case 'introduction-points':
      pointsPart(writer, message);
      return;
    case 'introduction-points-ack':
      writer.bytes(message.digest);
      return;
    case 'lease-claim':
      writer.u32(message.leaseRemainingMs).u32(message.priority).u16(message.visiblePoints);
      return;
    case 'epoch-notice':
      writer.u64(message.refused).u64(message.known);
      return;
    case 'records-summary':
      recordsSummary(writer, message);
      return;
    case 'record':
      writer.u16(message.bytes.length).bytes(message.bytes);
      return;
    case 'token-use-request':
      writeTokenUseRequest(writer, message);
      return;
    case 'draining':
      writer.u32(message.version).u8(DRAIN_WORDS.indexOf(message.word));
      return;
    case 'left-out':
      writer.u32(message.version);
      return;
    case 'token-use-answer':
      writeTokenUseAnswer(writer, message);
      return;
    case 'introduction-points-request':
    case 'lease-release':
    case 'goodbye':
      return;
  }
};

/**
 * The body of a datagram: the sender's wall clock (48 bits of milliseconds), then the message's fields.
 *
 * @throws RangeError when it fits no datagram; senders split introduction points so that it never happens
 */
export const encodeBody = ({ sentAtMs, message }: Dated): Uint8Array => {
  const capacity = LONG.has(message.kind) ? LARGEST_BODY : LARGEST_FIXED_BODY;
  const writer = byteWriter(capacity).u48(sentAtMs);
  fields(writer, message);
  return writer.done();
};
