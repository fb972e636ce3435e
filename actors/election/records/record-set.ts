import { createHash } from 'node:crypto';
import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey, compareBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { JoinTokenId } from '../../kernel/cluster-keys.js';
import type { Fingerprint, ClusterRecord, SignedRecord, SubjectKey } from './record.js';

/**
 * All records that a node holds. Merging is a join of a semilattice (order, repetition and grouping do not matter):
 * of each subject the records remain that no other one supersedes. For members that is one record. For tokens it is
 * one as well, but for two nodes that counted uses at the same time: then both remain until somebody signs the union. (Of more
 * than MAX_FORKS those that came first may matter; no honest history makes as many.)
 */
export type RecordSet = ReadonlyMap<SubjectKey, readonly SignedRecord[]>;

export const EMPTY_SET: RecordSet = new Map();

/** Records a set may hold: some five times those of 200 nodes with their tokens and predecessors, and below the megabyte that a state file may take. */
export const MAX_RECORDS = 1000;

/**
 * Records of one subject that may stand beside one another. Nodes that are cut off from each other while they count uses of one
 * token make one each: two, hardly ever four. More are made by a member that means harm, or by none.
 */
export const MAX_FORKS = 16;

const TAG_DIGITS = 16;

const digestHex = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, TAG_DIGITS);
};

export const memberKey = (publicKey: Ed25519PublicKey): SubjectKey =>
  digestHex('member ', publicKey) as SubjectKey;
export const tokenKey = (id: JoinTokenId): SubjectKey => digestHex('join-token ', id) as SubjectKey;

export const subjectOf = (record: ClusterRecord): SubjectKey =>
  record.kind === 'member' ? memberKey(record.publicKey) : tokenKey(record.tokenId);

export const fingerprintOf = ({ bytes }: SignedRecord): Fingerprint => digestHex(bytes) as Fingerprint;

/** Removed and revoked are for ever: nothing that is said later changes it. */
export const isFinal = (record: ClusterRecord): boolean =>
  record.kind === 'member' ? record.state === 'removed' : record.revoked;

/** Total order of the records of one subject: removed and revoked last, then by version, then by signature. */
export const compareRecords = (a: SignedRecord, b: SignedRecord): number =>
  Number(isFinal(a.record)) - Number(isFinal(b.record)) ||
  a.record.version - b.record.version ||
  compareBytes(a.signature, b.signature) ||
  compareBytes(a.bytes, b.bytes);

const users = (record: ClusterRecord): readonly string[] =>
  record.kind === 'member' ? [] : record.usedBy.map(bytesKey);

/** A use that was counted must not be forgotten by a newer record that does not know of it. */
const supersedes = (newer: SignedRecord, older: SignedRecord): boolean => {
  if (compareRecords(newer, older) <= 0) return false;
  const known = new Set(users(newer.record));
  return users(older.record).every((user) => known.has(user));
};

const withOne = (held: readonly SignedRecord[], offered: SignedRecord): readonly SignedRecord[] => {
  if (held.some((other) => compareRecords(other, offered) === 0 || supersedes(other, offered))) return held;
  const merged = [...held.filter((other) => !supersedes(offered, other)), offered].sort(compareRecords);
  const kept = merged.slice(-MAX_FORKS);
  // One that is below so many others has superseded none of them.
  return kept.includes(offered) ? kept : held;
};

/** The revocation of a token that more nodes used than a record has room for supersedes none of its records: it takes the lowest's place. */
const isEndOf = (held: readonly SignedRecord[], { record }: SignedRecord): boolean =>
  held.length > 0 && isFinal(record) && !held.some((other) => isFinal(other.record));

export interface BoundedMerge {
  /** The same object when nothing was changed. */
  readonly set: RecordSet;
  /** Records for which there was no room. */
  readonly refused: number;
}

/**
 * The set with some more records, of which those are refused that would make it grow beyond `most`. What takes the place of
 * others is never refused: a removal, a revocation, a use that was counted. Their signatures must have been checked.
 */
export const withRecordsUpTo = (
  set: RecordSet,
  offered: Iterable<SignedRecord>,
  most: number,
): BoundedMerge => {
  let result: Map<SubjectKey, readonly SignedRecord[]> | null = null;
  let size = sizeOf(set);
  let refused = 0;
  for (const signed of offered) {
    const subject = subjectOf(signed.record);
    const held = (result ?? set).get(subject) ?? [];
    const merged = withOne(held, signed);
    if (merged === held) continue;
    const hasRoom = merged.length <= held.length || size < most;
    if (!hasRoom && !isEndOf(held, signed)) {
      refused++;
      continue;
    }
    const kept = hasRoom ? merged : merged.slice(1);
    size += kept.length - held.length;
    result ??= new Map(set);
    result.set(subject, kept);
  }
  return { set: result ?? set, refused };
};

/** The set with some more records; the same object when they change nothing. Their signatures must have been checked. */
export const withRecords = (set: RecordSet, offered: Iterable<SignedRecord>): RecordSet =>
  withRecordsUpTo(set, offered, Infinity).set;

/** The record by which a subject has ended; null while it has not. */
export const finalRecordOf = (set: RecordSet, subject: SubjectKey): SignedRecord | null => {
  const last = set.get(subject)?.at(-1);
  return last !== undefined && isFinal(last.record) ? last : null;
};

export const mergedSets = (a: RecordSet, b: RecordSet): RecordSet => withRecords(a, recordsOf(b));

/** All records, in the order of their subjects. */
export const recordsOf = (set: RecordSet): readonly SignedRecord[] =>
  [...set].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, records]) => records);

/** Records in the set. */
export const sizeOf = (set: RecordSet): number => {
  let size = 0;
  for (const records of set.values()) size += records.length;
  return size;
};

/** Tokens that nobody can use any more are kept this long, so that an operator sees what became of them. */
const KEPT_AFTER_EXPIRY_SECS = 7 * 24 * 3600;

export const isForgotten = ({ record }: SignedRecord, nowSecs: number): boolean =>
  record.kind === 'join-token' && record.notAfter + KEPT_AFTER_EXPIRY_SECS < nowSecs;

/** The set without tokens that expired long ago; the same object when there are none. */
export const withoutForgotten = (set: RecordSet, nowSecs: number): RecordSet => {
  const left = [...set].filter(([, records]) => !records.every((record) => isForgotten(record, nowSecs)));
  return left.length === set.size ? set : new Map(left);
};

/** Whether a record stands in the set, and is not superseded there. */
export const holds = (set: RecordSet, signed: SignedRecord): boolean =>
  (set.get(subjectOf(signed.record)) ?? []).some((held) => compareRecords(held, signed) === 0);
