import type { ActorContext } from '../../kernel/actor.js';
import type { NodeId } from '../../kernel/brands.js';
import { toErrorData } from '../../kernel/errors.js';
import type { ActorName } from '../../kernel/messages.js';
import type { RepairAction } from './actions.js';

/** The supervisor answers from memory. */
const SUPERVISOR_MS = 5000;

export type CarryOut = (action: RepairAction, reason: string) => void;

/** Each action as the message that it is. Whether it helped shows by its finding, so no answer is waited for. */
export const carryOutBy =
  (context: Pick<ActorContext<'health'>, 'order' | 'request' | 'log'>, mendModes: () => void): CarryOut =>
  ({ kind, target }, reason) => {
    switch (kind) {
      case 'restart-tor':
        context.order('tor.restart', { reason });
        return;
      case 'rebuild-tunnel':
        context.order('wg.rebuild', { reason });
        return;
      case 'republish':
        context.order('publisher.publish-now', { reason });
        return;
      case 'reconnect-peer':
        context.order('election.reconnect-peer', { id: target as NodeId });
        context.order('wg.reconnect-peer', { id: target as NodeId });
        return;
      case 'reset-election':
        context.order('election.reset', { reason });
        return;
      case 'step-down':
        context.order('election.step-down', { reason });
        return;
      case 'restore-key':
        if (target === '') context.order('publisher.restore-key', { reason });
        else context.order('wg.restore-key', { key: target, reason });
        return;
      case 'restore-instance':
        context.order('tor.restore-files', { reason });
        return;
      case 'mend-modes':
        mendModes();
        return;
      case 'restart-actor':
        context
          .request('supervisor.restart-actor', { actor: target as ActorName, reason }, SUPERVISOR_MS)
          .catch((error: unknown) => {
            const { what } = toErrorData(error, 'supervisor');
            context.log.warn('the supervisor could not be asked', { problem: what });
          });
        return;
    }
  };
