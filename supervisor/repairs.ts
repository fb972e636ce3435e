import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ActorSystem } from './actor-system.js';
import type { ServiceHandlers } from './router.js';

/** What the repair engine may ask of the supervisor. */
export const repairHandlers = (
  system: Pick<ActorSystem, 'restart' | 'giveUp'>,
): ServiceHandlers<'supervisor'> => ({
  'supervisor.restart-actor': ({ actor, reason }) => {
    const error = errorData('actor.restart-ordered', actor, { actor, reason });
    return Promise.resolve({ restarted: system.restart(actor, error) });
  },
  'supervisor.give-up': ({ reason }) => {
    system.giveUp(errorData('supervisor.told-to-end', 'supervisor', { reason }));
    return Promise.resolve({ ending: true });
  },
});
