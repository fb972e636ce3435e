import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { Brand } from '@rustbalance/crypto-worker/brands.js';
import type { ClusterTag } from '../../kernel/cluster-keys.js';
import { ByteReader } from './byte-reader.js';
import { byteWriter } from './byte-writer.js';
import { DATAGRAM_VERSION, HEADER_BYTES, TAG_BYTES } from './limits.js';

/** Eight bytes that name a node on the wire; made from its public key and the cluster token (pair-keys.ts). */
export type NodeTag = Brand<Uint8Array, 'NodeTag'>;

/** What stands in the clear before the sealed body, and is authenticated with it. */
export interface Header {
  readonly type: number;
  readonly cluster: ClusterTag;
  readonly sender: NodeTag;
  readonly recipient: NodeTag;
  /** Rises with every start of the sender (boot-epoch.ts). */
  readonly epoch: number;
  /** Rises with every datagram from this sender to this recipient within the epoch. */
  readonly sequence: number;
}

export const encodeHeader = (header: Header): Uint8Array =>
  byteWriter(HEADER_BYTES)
    .u8(DATAGRAM_VERSION)
    .u8(header.type)
    .bytes(header.cluster)
    .bytes(header.sender)
    .bytes(header.recipient)
    .u64(header.epoch)
    .u64(header.sequence)
    .done();

/** The header of a datagram whose length and version were checked; null when a number is out of range. */
export const decodeHeader = (datagram: Uint8Array): Header | null => {
  const reader = new ByteReader(datagram.subarray(1, HEADER_BYTES));
  try {
    return {
      type: reader.u8(),
      cluster: reader.bytes(TAG_BYTES) as ClusterTag,
      sender: reader.bytes(TAG_BYTES) as NodeTag,
      recipient: reader.bytes(TAG_BYTES) as NodeTag,
      epoch: reader.u64(),
      sequence: reader.u64(),
    };
  } catch {
    return null;
  }
};

/** A tag as a key of a Map. */
export const tagKey = (tag: NodeTag): string => bytesKey(tag);

/** All zeros stand for "nobody". */
export const NO_TAG = new Uint8Array(TAG_BYTES) as NodeTag;
