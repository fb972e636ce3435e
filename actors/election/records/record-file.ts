import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { ClusterTag } from '../../kernel/cluster-keys.js';
import type { ClusterRecord, SignedRecord } from './record.js';
import { openRecord } from './signing.js';

/**
 * A record as a file in `<config>/peers/`: lines that begin with '#' for people, and one line `rbm1:<base64url>`. A member's is
 * `<id>.pub`; the first token of a cluster, made before any daemon could keep it, is `join.<token id>.pub`, which no node can be
 * called. Nothing in them is secret. The daemon replaces them by the records of their end (anchors.ts).
 */
const PREFIX = 'rbm1:';
const FILE_SUFFIX = '.pub';
/** Far above what encodeRecordFile writes. */
export const MAX_RECORD_FILE_BYTES = 8192;

/** The name of a record's file within peers/. */
export const recordFileName = (record: ClusterRecord): string =>
  record.kind === 'member'
    ? `${record.id}${FILE_SUFFIX}`
    : `join.${Buffer.from(record.tokenId).toString('hex')}${FILE_SUFFIX}`;

export const isRecordFileName = (name: string): boolean =>
  name.endsWith(FILE_SUFFIX) && !name.startsWith('.');

/** The line alone, for whoever hands records on as text. */
export const encodeRecordText = ({ bytes }: SignedRecord): string =>
  `${PREFIX}${Buffer.from(bytes).toString('base64url')}`;

const explanation = (record: ClusterRecord): readonly string[] => {
  if (record.kind === 'join-token') {
    return record.revoked
      ? ['# A join token of a RustBalance cluster that was revoked. Kept so that this is not forgotten.']
      : ['# A join token of a RustBalance cluster, without its secret. Written by rustbalance init.'];
  }
  return [
    record.state === 'removed'
      ? `# ${record.id} was removed from a RustBalance cluster, for ever. Kept so that this is not forgotten.`
      : `# Member ${record.id} of a RustBalance cluster. Public; written by rustbalance init and join.`,
    `# node_public_key = "${encodeBase64(record.publicKey)}"`,
  ];
};

export const encodeRecordFile = (signed: SignedRecord): string =>
  [...explanation(signed.record), encodeRecordText(signed), ''].join('\n');

export type RecordFileProblem =
  | 'it holds no line that begins with rbm1:'
  | 'it holds more than one record'
  | 'its record is damaged, forged or of another cluster';

export type RecordFileReading =
  | { readonly ok: true; readonly signed: SignedRecord }
  | { readonly ok: false; readonly problem: RecordFileProblem };

const failed = (problem: RecordFileProblem): RecordFileReading => ({ ok: false, problem });

/** The record in one line of text; null for anything else. Its signature is checked. */
export const parseRecordText = (cluster: ClusterTag, line: string): SignedRecord | null => {
  const text = line.trim();
  if (!text.startsWith(PREFIX) || !/^[A-Za-z0-9_-]+$/.test(text.slice(PREFIX.length))) return null;
  return openRecord(cluster, new Uint8Array(Buffer.from(text.slice(PREFIX.length), 'base64url')));
};

/** Reads a file of peers/; its signature is checked. Never throws on bad input. */
export const parseRecordFile = (cluster: ClusterTag, content: string): RecordFileReading => {
  const lines = content.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const [line] = lines;
  if (line?.trim().startsWith(PREFIX) !== true) return failed('it holds no line that begins with rbm1:');
  if (lines.length > 1) return failed('it holds more than one record');
  const signed = parseRecordText(cluster, line);
  if (signed === null) return failed('its record is damaged, forged or of another cluster');
  return { ok: true, signed };
};
