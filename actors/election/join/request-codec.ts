import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  IdentityPublicKey,
} from '@rustbalance/crypto-worker/brands.js';
import { isNodeId } from '../../kernel/brands.js';
import type { NodeId } from '../../kernel/brands.js';
import { isIpPort } from '../records/ip-port.js';
import { decodeWith, Malformed } from '../wire/byte-reader.js';
import type { ByteReader } from '../wire/byte-reader.js';
import { byteWriter } from '../wire/byte-writer.js';
import type { ByteWriter } from '../wire/byte-writer.js';
import { GRANT_MAC_BYTES } from './key-proof.js';
import type { GrantMac, KeyProof } from './key-proof.js';
import { LONGEST_REQUEST_PAYLOAD } from './limits.js';

/** What a new node says of itself: the payload of message 1. */
export interface JoinRequest {
  readonly publicKey: Ed25519PublicKey;
  /** The id that it would like. */
  readonly nodeId: NodeId;
  /** Its wall clock, Unix seconds. */
  readonly atSecs: number;
  readonly wantsMasterKey: boolean;
  /** That its token brings the master key; null where it does not, or is not wanted. */
  readonly keyProof: KeyProof | null;
  /** Null: whoever admits it chooses. */
  readonly priority: number | null;
  /** Of its coordination onion service; null where it has none. */
  readonly coordination: IdentityPublicKey | null;
  readonly wireguard: { readonly publicKey: Curve25519PublicKey; readonly endpoint: string | null } | null;
  /** `IP:port` of its direct transport. */
  readonly direct: string | null;
}

const KEY_BYTES = 32;
const LONGEST_ADDRESS = 64;
export const LONGEST_NODE_ID = 63;
const HIGHEST_PRIORITY = 1_000_000;

export const writeText = (writer: ByteWriter, text: string | null): void => {
  writer.u8(text?.length ?? 0).bytes(Buffer.from(text ?? '', 'latin1'));
};

/** Null for the empty text. */
export const readText = (reader: ByteReader, longest: number): string | null => {
  const length = reader.within(reader.u8(), 0, longest);
  return length === 0 ? null : Buffer.from(reader.bytes(length)).toString('latin1');
};

export const readNodeId = (reader: ByteReader): NodeId => {
  const id = readText(reader, LONGEST_NODE_ID) ?? '';
  if (!isNodeId(id)) throw new Malformed();
  return id;
};

export const readFlag = (reader: ByteReader): boolean => reader.within(reader.u8(), 0, 1) === 1;

const writeOptional = (writer: ByteWriter, bytes: Uint8Array | null): void => {
  writer.u8(bytes === null ? 0 : 1);
  if (bytes !== null) writer.bytes(bytes);
};

const readOptional = (reader: ByteReader): Uint8Array | null =>
  readFlag(reader) ? reader.bytes(KEY_BYTES) : null;

const readAddress = (reader: ByteReader): string | null => {
  const address = readText(reader, LONGEST_ADDRESS);
  if (address !== null && !isIpPort(address)) throw new Malformed();
  return address;
};

export const encodeRequest = (request: JoinRequest): Uint8Array => {
  const writer = byteWriter(LONGEST_REQUEST_PAYLOAD)
    .bytes(request.publicKey)
    .u48(request.atSecs)
    .u8(request.wantsMasterKey ? 1 : 0)
    .u32(request.priority ?? 0);
  writeText(writer, request.nodeId);
  writeOptional(writer, request.coordination);
  writeOptional(writer, request.wireguard?.publicKey ?? null);
  if (request.wireguard !== null) writeText(writer, request.wireguard.endpoint);
  writeText(writer, request.direct);
  writer.u8(request.keyProof === null ? 0 : 1);
  if (request.keyProof !== null) writer.u48(request.keyProof.notAfter).bytes(request.keyProof.mac);
  return writer.done();
};

const readProof = (reader: ByteReader): KeyProof | null =>
  readFlag(reader) ? { notAfter: reader.u48(), mac: reader.bytes(GRANT_MAC_BYTES) as GrantMac } : null;

/** Null for whatever is not exactly one well-formed request. Never throws on bad input. */
export const decodeRequest = (payload: Uint8Array): JoinRequest | null =>
  decodeWith(payload, (reader) => {
    const publicKey = reader.bytes(KEY_BYTES) as Ed25519PublicKey;
    const atSecs = reader.u48();
    const wantsMasterKey = readFlag(reader);
    const priority = reader.within(reader.u32(), 0, HIGHEST_PRIORITY);
    const nodeId = readNodeId(reader);
    const coordination = readOptional(reader) as IdentityPublicKey | null;
    const tunnelKey = readOptional(reader) as Curve25519PublicKey | null;
    const wireguard = tunnelKey === null ? null : { publicKey: tunnelKey, endpoint: readAddress(reader) };
    const direct = readAddress(reader);
    const keyProof = readProof(reader);
    return {
      publicKey,
      nodeId,
      atSecs,
      wantsMasterKey,
      keyProof,
      priority: priority === 0 ? null : priority,
      coordination,
      wireguard,
      direct,
    };
  });
