import type { IdentityPublicKey, TimePeriodNumber, TimePeriodLength } from '../brands.js';
import { ok, type Result } from '../result.js';
import type { BlindedKeysInput, PeriodKeys } from '../task-types.js';
import { blindPublicKey } from './blinded-key.js';
import { subcredentialOf } from './subcredential.js';

/** Blinded public key and subcredential of one time period. */
export const periodKeys = (
  identity: IdentityPublicKey,
  timePeriod: TimePeriodNumber,
  periodLength: TimePeriodLength,
): PeriodKeys => {
  const blindedKey = blindPublicKey(identity, { number: timePeriod, length: periodLength });
  return { timePeriod, blindedKey, subcredential: subcredentialOf(identity, blindedKey) };
};

/** Task: the same for several periods, in the order asked. */
export const blindedKeys = (input: BlindedKeysInput): Result<readonly PeriodKeys[]> =>
  ok(input.timePeriods.map((timePeriod) => periodKeys(input.identity, timePeriod, input.periodLength)));
