import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';

/** An uncaught error of a thread as data. */
export const crashData = (id: string, code: unknown, message: string): ErrorData =>
  code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? errorData('actor.out-of-memory', id, { actor: id })
    : errorData('actor.crashed', id, { actor: id, message: message.split('\n', 1)[0]?.slice(0, 300) ?? '' });
