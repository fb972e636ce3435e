import type {
  BlindedPublicKey,
  RelayEd25519Id,
  SharedRandomValue,
  TimePeriodLength,
  TimePeriodNumber,
} from '../brands.js';
import { assertLength, uint64, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';

const NODE_PREFIX = utf8('node-idx');
const SERVICE_PREFIX = utf8('store-at-idx');

export interface RingPeriod {
  readonly timePeriod: TimePeriodNumber;
  readonly periodLength: TimePeriodLength;
}

/** hs_relay_index: where a relay sits on the ring, 32 bytes (rend-spec-v3 §2.2.3). */
export const relayIndex = (id: RelayEd25519Id, srv: SharedRandomValue, period: RingPeriod): Uint8Array => {
  assertLength(srv, 32, 'shared random value');
  return sha3(NODE_PREFIX, id, srv, uint64(period.timePeriod), uint64(period.periodLength));
};

/** hs_service_index of one replica (1 …), 32 bytes. The two last numbers stand the other way round here. */
export const serviceIndex = (key: BlindedPublicKey, replica: number, period: RingPeriod): Uint8Array => {
  assertLength(key, 32, 'blinded public key');
  return sha3(SERVICE_PREFIX, key, uint64(replica), uint64(period.periodLength), uint64(period.timePeriod));
};
