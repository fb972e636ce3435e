import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  IdentityPublicKey,
} from '@rustbalance/crypto-worker/brands.js';
import { compareBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { isNodeId } from '../../kernel/brands.js';
import type { NodeId } from '../../kernel/brands.js';
import type { JoinTokenId } from '../../kernel/cluster-keys.js';
import { decodeWith, Malformed } from '../wire/byte-reader.js';
import type { ByteReader } from '../wire/byte-reader.js';
import { byteWriter } from '../wire/byte-writer.js';
import type { ByteWriter } from '../wire/byte-writer.js';
import { isIpPort } from './ip-port.js';
import { HIGHEST_PRIORITY, HIGHEST_VERSION, MAX_RECORD_BYTES, MAX_TOKEN_USES } from './record.js';
import type { JoinTokenRecord, MemberRecord, ClusterRecord, SignedRecord } from './record.js';

/**
 * A record in bytes, big endian: format 1, kind 1, the kind's fields, signer 32, signature 64. Each record has exactly
 * one encoding, so that equal records have equal bytes, digests and signatures.
 */
const FORMAT = 1;
const KIND = { member: 1, 'join-token': 2 } as const;
const KEY_BYTES = 32;
const TOKEN_ID_BYTES = 8;
const SIGNATURE_BYTES = 64;
const LONGEST_NODE_ID = 63;
const LONGEST_ADDRESS = 64;

const text = (writer: ByteWriter, value: string | null): void => {
  writer.u8(value?.length ?? 0).bytes(Buffer.from(value ?? '', 'latin1'));
};

const optionalKey = (writer: ByteWriter, key: Uint8Array | null): void => {
  writer.u8(key === null ? 0 : 1);
  if (key !== null) writer.bytes(key);
};

const member = (writer: ByteWriter, record: MemberRecord): void => {
  writer
    .bytes(record.publicKey)
    .u32(record.version)
    .u8(record.state === 'removed' ? 1 : 0);
  text(writer, record.id);
  writer.u32(record.priority).u8(record.hasMasterKey ? 1 : 0);
  optionalKey(writer, record.coordination);
  optionalKey(writer, record.wireguard?.publicKey ?? null);
  if (record.wireguard !== null) text(writer, record.wireguard.endpoint);
  text(writer, record.direct);
};

const joinToken = (writer: ByteWriter, record: JoinTokenRecord): void => {
  writer
    .bytes(record.tokenId)
    .u32(record.version)
    .bytes(record.issuer)
    .u48(record.notAfter)
    .u8(record.uses)
    .u8(record.revoked ? 1 : 0)
    .u8(record.usedBy.length);
  for (const key of record.usedBy) writer.bytes(key);
};

/**
 * What is signed of a record: everything before the signature.
 *
 * @throws RangeError for a record with fields that outgrow MAX_RECORD_BYTES
 */
export const encodeUnsigned = (record: ClusterRecord, signer: Ed25519PublicKey): Uint8Array => {
  const writer = byteWriter(MAX_RECORD_BYTES - SIGNATURE_BYTES)
    .u8(FORMAT)
    .u8(KIND[record.kind]);
  if (record.kind === 'member') member(writer, record);
  else joinToken(writer, record);
  return writer.bytes(signer).done();
};

const readFlag = (reader: ByteReader): boolean => reader.within(reader.u8(), 0, 1) === 1;

const readText = (reader: ByteReader, longest: number): string | null => {
  const length = reader.within(reader.u8(), 0, longest);
  return length === 0 ? null : Buffer.from(reader.bytes(length)).toString('latin1');
};

const readAddress = (reader: ByteReader): string | null => {
  const address = readText(reader, LONGEST_ADDRESS);
  if (address !== null && !isIpPort(address)) throw new Malformed();
  return address;
};

const readId = (reader: ByteReader): NodeId => {
  const id = readText(reader, LONGEST_NODE_ID) ?? '';
  if (!isNodeId(id)) throw new Malformed();
  return id;
};

const readKey = (reader: ByteReader): Ed25519PublicKey => reader.bytes(KEY_BYTES) as Ed25519PublicKey;

const readMember = (reader: ByteReader): MemberRecord => {
  const publicKey = readKey(reader);
  const version = reader.within(reader.u32(), 1, HIGHEST_VERSION);
  const state = readFlag(reader) ? 'removed' : 'present';
  const id = readId(reader);
  const priority = reader.within(reader.u32(), 1, HIGHEST_PRIORITY);
  const hasMasterKey = readFlag(reader);
  const coordination = readFlag(reader) ? (reader.bytes(KEY_BYTES) as IdentityPublicKey) : null;
  const tunnelKey = readFlag(reader) ? (reader.bytes(KEY_BYTES) as Curve25519PublicKey) : null;
  const wireguard = tunnelKey === null ? null : { publicKey: tunnelKey, endpoint: readAddress(reader) };
  const direct = readAddress(reader);
  return {
    kind: 'member',
    publicKey,
    version,
    state,
    id,
    priority,
    hasMasterKey,
    coordination,
    wireguard,
    direct,
  };
};

/** Each key once and in order: otherwise one set of users had many encodings. */
const readUsers = (reader: ByteReader): readonly Ed25519PublicKey[] => {
  const users: Ed25519PublicKey[] = [];
  for (let left = reader.within(reader.u8(), 0, MAX_TOKEN_USES); left > 0; left--) {
    const user = readKey(reader);
    const last = users.at(-1);
    if (last !== undefined && compareBytes(last, user) >= 0) throw new Malformed();
    users.push(user);
  }
  return users;
};

const readJoinToken = (reader: ByteReader): JoinTokenRecord => ({
  kind: 'join-token',
  tokenId: reader.bytes(TOKEN_ID_BYTES) as JoinTokenId,
  version: reader.within(reader.u32(), 1, HIGHEST_VERSION),
  issuer: readKey(reader),
  notAfter: reader.u48(),
  uses: reader.within(reader.u8(), 1, MAX_TOKEN_USES),
  revoked: readFlag(reader),
  usedBy: readUsers(reader),
});

const readRecord = (reader: ByteReader): ClusterRecord => {
  if (reader.u8() !== FORMAT) throw new Malformed();
  const kind = reader.u8();
  if (kind === KIND.member) return readMember(reader);
  if (kind === KIND['join-token']) return readJoinToken(reader);
  throw new Malformed();
};

/**
 * Reads a record whose signature has still to be checked (signing.ts). Never throws on bad input.
 *
 * @returns null for anything but exactly one well-formed record of at most MAX_RECORD_BYTES
 */
export const decodeUnverified = (bytes: Uint8Array): SignedRecord | null => {
  if (bytes.length > MAX_RECORD_BYTES) return null;
  return decodeWith(bytes, (reader) => ({
    record: readRecord(reader),
    signer: readKey(reader),
    signature: reader.bytes(SIGNATURE_BYTES),
    bytes: new Uint8Array(bytes),
  }));
};

/** The part of a record's bytes that its signature covers. */
export const signedPart = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
