import { blindSecretKey } from '../blinding/blinded-key.js';
import { identityOf } from '../keys/identity.js';
import type { Result } from '../result.js';
import type { FindCounterInputInput } from '../task-types.js';
import { findCounterInput } from './revision-counter.js';

/** Task: the n that one of an identity's own descriptors was made with. */
export const findCounterInputOf = (input: FindCounterInputInput): Result<number> => {
  const { publicKey } = identityOf(input.secret);
  const period = { number: input.timePeriod, length: input.periodLength };
  return findCounterInput(blindSecretKey(input.secret, publicKey, period), input.counter, input.maxN);
};
