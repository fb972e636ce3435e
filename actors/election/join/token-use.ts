import type { Brand, Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import type { JoinTokenId } from '../../kernel/cluster-keys.js';
import { HIGHEST_PRIORITY } from '../records/record.js';
import { Malformed } from '../wire/byte-reader.js';
import type { ByteReader } from '../wire/byte-reader.js';
import type { ByteWriter } from '../wire/byte-writer.js';
import { JOIN_REFUSALS } from './answer-codec.js';
import { readNodeId, writeText } from './request-codec.js';
import type { UseQuestion, UseVerdict } from './use-verdict.js';

/** Eight random bytes that the answer to a question must repeat. */
export type AskId = Brand<Uint8Array, 'AskId'>;

/** A member that is called asks the one that decides. */
export interface TokenUseRequest extends UseQuestion {
  readonly kind: 'token-use-request';
  readonly ask: AskId;
}

export interface TokenUseAnswer {
  readonly kind: 'token-use-answer';
  readonly ask: AskId;
  readonly verdict: UseVerdict;
}

const ID_BYTES = 8;
const KEY_BYTES = 32;
const GRANTED = 0;
/** Stands for a priority that is left to the one that decides. */
const NO_PRIORITY = 0;

export const writeTokenUseRequest = (writer: ByteWriter, message: TokenUseRequest): void => {
  writer.bytes(message.ask).bytes(message.token).bytes(message.joiner);
  writeText(writer, message.nodeId);
  writer.u32(message.priority ?? NO_PRIORITY);
};

export const readTokenUseRequest = (reader: ByteReader): TokenUseRequest => {
  const ask = reader.bytes(ID_BYTES) as AskId;
  const token = reader.bytes(ID_BYTES) as JoinTokenId;
  const joiner = reader.bytes(KEY_BYTES) as Ed25519PublicKey;
  const nodeId = readNodeId(reader);
  const priority = reader.within(reader.u32(), NO_PRIORITY, HIGHEST_PRIORITY);
  return {
    kind: 'token-use-request',
    ask,
    token,
    joiner,
    nodeId,
    priority: priority === NO_PRIORITY ? null : priority,
  };
};

export const writeTokenUseAnswer = (writer: ByteWriter, { ask, verdict }: TokenUseAnswer): void => {
  writer.bytes(ask);
  if (verdict.outcome !== 'granted') {
    writer.u8(1 + JOIN_REFUSALS.indexOf(verdict.outcome));
    return;
  }
  writer.u8(GRANTED);
  writeText(writer, verdict.nodeId);
  writer.u32(verdict.priority);
};

const readVerdict = (reader: ByteReader): UseVerdict => {
  const code = reader.u8();
  if (code === GRANTED) {
    const nodeId = readNodeId(reader);
    return { outcome: 'granted', nodeId, priority: reader.within(reader.u32(), 1, HIGHEST_PRIORITY) };
  }
  const outcome = JOIN_REFUSALS[code - 1];
  if (outcome === undefined) throw new Malformed();
  return { outcome };
};

export const readTokenUseAnswer = (reader: ByteReader): TokenUseAnswer => {
  const ask = reader.bytes(ID_BYTES) as AskId;
  return { kind: 'token-use-answer', ask, verdict: readVerdict(reader) };
};
