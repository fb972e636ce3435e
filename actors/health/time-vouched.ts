import type { ActorContext } from '../kernel/actor.js';
import { toErrorData } from '../kernel/errors.js';

/** The main thread answers from memory. */
const QUESTION_MS = 2_000;

/**
 * Whether an incarnation of this actor before this one saw that a time service keeps the clock. require_ntp_sync is for the start
 * of the daemon: that a time service is away for a while later must not end publishing with the next restart of a thread.
 */
export const wasTimeVouched = async ({
  generation,
  request,
  log,
}: Pick<ActorContext<'health'>, 'generation' | 'request' | 'log'>): Promise<boolean> => {
  if (generation === 1) return false;
  try {
    const { vouched } = await request('supervisor.time-vouched', {}, QUESTION_MS);
    return vouched;
  } catch (error) {
    log.warn('Whether a time service kept the clock before is not known', {}, toErrorData(error, 'health'));
    return false;
  }
};
