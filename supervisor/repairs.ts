import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ActorSystem } from './actor-system.js';
import type { Router, ServiceHandlers } from './router.js';

/** What actors may ask of the supervisor. */
export const repairHandlers = (
  system: Pick<ActorSystem, 'restart' | 'giveUp'>,
  router: Pick<Router, 'fact'>,
): ServiceHandlers<'supervisor'> => ({
  'supervisor.restart-actor': ({ actor, reason }) => {
    const error = errorData('actor.restart-ordered', actor, { actor, reason });
    return Promise.resolve({ restarted: system.restart(actor, error) });
  },
  'supervisor.drain-under-way': () => {
    const drain = router.fact('election.drain-state');
    return Promise.resolve({ untilMs: drain === undefined || drain.phase === 'no' ? null : drain.untilMs });
  },
  'supervisor.time-vouched': () =>
    Promise.resolve({ vouched: router.fact('health.status')?.timeVouched ?? false }),
  'supervisor.give-up': ({ reason }) => {
    system.giveUp(errorData('supervisor.told-to-end', 'supervisor', { reason }));
    return Promise.resolve({ ending: true });
  },
});
