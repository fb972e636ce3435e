import type {
  BlindedPublicKey,
  RelayEd25519Id,
  SharedRandomValue,
  TimePeriodLength,
  TimePeriodNumber,
} from '../brands.js';
import { assertLength, concatBytes, uint64, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';

const NODE_PREFIX = utf8('node-idx');
const SERVICE_PREFIX = utf8('store-at-idx');

export interface RingPeriod {
  readonly timePeriod: TimePeriodNumber;
  readonly periodLength: TimePeriodLength;
}

/**
 * hs_relay_index: where relays sit on one ring, 32 bytes each (rend-spec-v3 §2.2.3). The message is laid out once
 * and only the identity changes in it: 8000 relays take 30 ms instead of 70.
 */
export const relayIndexer = (
  srv: SharedRandomValue,
  period: RingPeriod,
): ((id: RelayEd25519Id) => Uint8Array) => {
  assertLength(srv, 32, 'shared random value');
  const idAt = NODE_PREFIX.length;
  const message = concatBytes(
    NODE_PREFIX,
    new Uint8Array(32),
    srv,
    uint64(period.timePeriod),
    uint64(period.periodLength),
  );
  return (id) => {
    assertLength(id, 32, 'relay identity');
    message.set(id, idAt);
    return sha3(message);
  };
};

/** hs_service_index of one replica (1 …), 32 bytes. The two last numbers stand the other way round here. */
export const serviceIndex = (key: BlindedPublicKey, replica: number, period: RingPeriod): Uint8Array => {
  assertLength(key, 32, 'blinded public key');
  return sha3(SERVICE_PREFIX, key, uint64(replica), uint64(period.periodLength), uint64(period.timePeriod));
};
