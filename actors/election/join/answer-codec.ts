import type { ExpandedSecretKey, MasterPublicKey } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../../kernel/brands.js';
import { MAX_RECORD_BYTES } from '../records/record.js';
import { decodeWith, Malformed } from '../wire/byte-reader.js';
import type { ByteReader } from '../wire/byte-reader.js';
import { byteWriter } from '../wire/byte-writer.js';
import type { ByteWriter } from '../wire/byte-writer.js';
import { ANSWER_PAYLOAD_BYTES } from './limits.js';
import { LONGEST_NODE_ID, readFlag, readNodeId, readText, writeText } from './request-codec.js';

/**
 * Why somebody who proved to hold a token of ours is not admitted. The order is that of the numbers on the wire.
 *
 * - spent, revoked, expired: the token.
 * - removed: this node key was a member and was removed, for ever.
 * - limit: too many joins in the window; later is fine.
 * - clock: the time of the request is too far from ours.
 * - undecided: whoever counts the uses could not be asked, or the master key is wanted of a node without it; another try, at
 *   another member, may be luckier.
 * - unsuited: the request names no address by which the members could reach this node.
 * - ungranted: it wants the master key, and nothing proves that its token brings it.
 */
export const JOIN_REFUSALS = [
  'spent',
  'revoked',
  'expired',
  'removed',
  'limit',
  'clock',
  'undecided',
  'unsuited',
  'ungranted',
] as const;
export type JoinRefusal = (typeof JOIN_REFUSALS)[number];

export interface JoinAdmission {
  readonly outcome: 'admitted';
  readonly nodeId: NodeId;
  readonly priority: number;
  /** Identity key of the master address. */
  readonly master: MasterPublicKey;
  /** Null: not asked for, or the node that answers has none. */
  readonly masterKey: ExpandedSecretKey | null;
  /** The text of the cluster token. */
  readonly clusterToken: string;
  /** Who publishes; null while nobody does. */
  readonly publisher: NodeId | null;
  /** Members, the new one included. */
  readonly clusterSize: number;
  /** Signed records, at least those of the answering node and of the new one; gossip brings what had no room. */
  readonly records: readonly Uint8Array[];
}

export type JoinAnswer = JoinAdmission | { readonly outcome: JoinRefusal };

const KEY_BYTES = 32;
const SECRET_KEY_BYTES = 64;
const LONGEST_CLUSTER_TOKEN = 1024;
const LENGTH_BYTES = 2;
const ADMITTED = 0;

const writeAdmission = (writer: ByteWriter, answer: JoinAdmission): void => {
  writeText(writer, answer.nodeId);
  writer
    .u32(answer.priority)
    .bytes(answer.master)
    .u8(answer.masterKey === null ? 0 : 1);
  if (answer.masterKey !== null) writer.bytes(answer.masterKey);
  const token = Buffer.from(answer.clusterToken, 'utf8');
  writer.u16(token.length).bytes(token);
  writeText(writer, answer.publisher);
  writer.u16(answer.clusterSize);
};

/** As many of the records, in their order, as there is room for. */
const writeRecords = (writer: ByteWriter, records: readonly Uint8Array[]): void => {
  let room = ANSWER_PAYLOAD_BYTES - writer.length() - LENGTH_BYTES;
  const fitting = records.filter((record) => {
    const size = LENGTH_BYTES + record.length;
    if (size > room) return false;
    room -= size;
    return true;
  });
  writer.u16(fitting.length);
  for (const record of fitting) writer.u16(record.length).bytes(record);
};

/** The payload of message 2, ANSWER_PAYLOAD_BYTES long whatever it says: its length tells nobody anything. */
export const encodeAnswer = (answer: JoinAnswer): Uint8Array => {
  const writer = byteWriter(ANSWER_PAYLOAD_BYTES);
  if (answer.outcome === 'admitted') {
    writer.u8(ADMITTED);
    writeAdmission(writer, answer);
    writeRecords(writer, answer.records);
  } else writer.u8(1 + JOIN_REFUSALS.indexOf(answer.outcome));
  const padded = new Uint8Array(ANSWER_PAYLOAD_BYTES);
  padded.set(writer.done());
  return padded;
};

const readAdmission = (reader: ByteReader): JoinAdmission => {
  const nodeId = readNodeId(reader);
  const priority = reader.within(reader.u32(), 1, 1_000_000);
  const master = reader.bytes(KEY_BYTES) as MasterPublicKey;
  const masterKey = readFlag(reader) ? (reader.bytes(SECRET_KEY_BYTES) as ExpandedSecretKey) : null;
  const tokenBytes = reader.bytes(reader.within(reader.u16(), 1, LONGEST_CLUSTER_TOKEN));
  const clusterToken = Buffer.from(tokenBytes).toString('utf8');
  if (/[\u0000-\u001f\u007f\ufffd]/.test(clusterToken)) throw new Malformed();
  const publisher = readText(reader, LONGEST_NODE_ID) as NodeId | null;
  const clusterSize = reader.within(reader.u16(), 1, 0xffff);
  const records = Array.from({ length: reader.u16() }, () =>
    reader.bytes(reader.within(reader.u16(), 1, MAX_RECORD_BYTES)),
  );
  return {
    outcome: 'admitted',
    nodeId,
    priority,
    master,
    masterKey,
    clusterToken,
    publisher,
    clusterSize,
    records,
  };
};

const readOutcome = (reader: ByteReader): JoinAnswer => {
  const code = reader.u8();
  if (code === ADMITTED) return readAdmission(reader);
  const outcome = JOIN_REFUSALS[code - 1];
  if (outcome === undefined) throw new Malformed();
  return { outcome };
};

/** Null for whatever is not exactly one well-formed answer with nothing but zeros behind it. */
export const decodeAnswer = (payload: Uint8Array): JoinAnswer | null => {
  if (payload.length !== ANSWER_PAYLOAD_BYTES) return null;
  return decodeWith(payload, (reader) => {
    const answer = readOutcome(reader);
    if (reader.rest().some((byte) => byte !== 0)) throw new Malformed();
    return answer;
  });
};
