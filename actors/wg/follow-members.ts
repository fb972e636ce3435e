import type { Payload } from '../kernel/messages.js';
import { pause } from '../kernel/clock.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../kernel/logging.js';
import { toErrorData } from '../kernel/errors.js';
import type { PairAgreements } from './agreements.js';

type Members = Payload<'election.members'>;

const AGAIN_MS = 1000;

/**
 * Hands on who belongs to the cluster as soon as the agreements with all of them are computed; of several that wait, the
 * newest only.
 */
export const membersFollower = (
  agreements: PairAgreements,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  use: (members: Members) => void,
): ((members: Members) => void) => {
  let newest: Members | null = null;
  let isBusy = false;

  const work = async (): Promise<void> => {
    while (newest !== null) {
      const now: Members = newest;
      const keys = now.members.map(({ publicKey }) => publicKey);
      try {
        await agreements.learn(keys);
      } catch (error) {
        log.warn('The keys of members cannot be computed; trying again', {}, toErrorData(error, 'pool'));
        await pause(clock, AGAIN_MS);
        continue;
      }
      if (newest !== now) continue;
      newest = null;
      use(now);
    }
  };

  return (members) => {
    newest = members;
    if (isBusy) return;
    isBusy = true;
    void work().finally(() => {
      isBusy = false;
    });
  };
};
