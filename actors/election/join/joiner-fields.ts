import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { Config } from '../../kernel/config/schema.js';
import type { MemberFields } from '../records/issuing.js';
import type { MemberRecord } from '../records/record.js';
import type { JoinRequest } from './request-codec.js';

/** Can the members reach it in this mode? */
export const isSuited = (mode: Config['coordination']['mode'], request: JoinRequest): boolean => {
  switch (mode) {
    case 'direct':
      return request.direct !== null;
    case 'wireguard':
      return request.wireguard !== null;
    case 'tor':
      return request.coordination !== null;
  }
};

/** A record that says the same already need not be signed anew. */
export const saysTheSame = (record: MemberRecord, fields: MemberFields): boolean => {
  const key = (one: Uint8Array | null | undefined): string =>
    one === null || one === undefined ? '' : bytesKey(one);
  return (
    record.id === fields.id &&
    record.priority === fields.priority &&
    record.hasMasterKey === fields.hasMasterKey &&
    record.direct === fields.direct &&
    key(record.coordination) === key(fields.coordination) &&
    key(record.wireguard?.publicKey) === key(fields.wireguard?.publicKey) &&
    (record.wireguard?.endpoint ?? null) === (fields.wireguard?.endpoint ?? null)
  );
};
