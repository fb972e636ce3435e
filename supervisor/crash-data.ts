import { CATALOGUE } from '@rustbalance/actors/kernel/error-catalogue.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';

const isErrorData = (value: unknown): value is ErrorData =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  typeof value.code === 'string' &&
  Object.hasOwn(CATALOGUE, value.code);

/**
 * What a thread died of, as data. An RbError keeps its `data` through a worker's error event, though not its class;
 * of anything else the first line of the message is kept.
 */
export const crashData = (id: string, thrown: unknown): ErrorData => {
  if (!(thrown instanceof Error)) return crashed(id, String(thrown));
  if ('data' in thrown && isErrorData(thrown.data)) return thrown.data;
  if ('code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return errorData('actor.out-of-memory', id, { actor: id });
  }
  return crashed(id, thrown.message);
};

const crashed = (id: string, message: string): ErrorData =>
  errorData('actor.crashed', id, { actor: id, message: message.split('\n', 1)[0]?.slice(0, 300) ?? '' });
