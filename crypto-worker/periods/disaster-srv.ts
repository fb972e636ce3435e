import type { SharedRandomValue, TimePeriodLength, TimePeriodNumber } from '../brands.js';
import { uint64, utf8 } from '../encoding/bytes.js';
import { sha3 } from '../hash.js';

const PREFIX = utf8('shared-random-disaster');

/** What stands in for a shared random value that the consensus lacks (rend-spec-v3 §2.3.1). */
export const disasterSrv = (timePeriod: TimePeriodNumber, length: TimePeriodLength): SharedRandomValue =>
  sha3(PREFIX, uint64(length), uint64(timePeriod)) as SharedRandomValue;
