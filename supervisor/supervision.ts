import type { CancelTimer, Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { SupervisorSpec } from './child-spec.js';
import type { Effect } from './effects.js';
import type { SupervisorEvent } from './events.js';
import { supervisorReducer } from './reducer.js';
import type { State } from './state.js';

export interface Supervision {
  dispatch(event: SupervisorEvent): void;
  state(): State;
  /** Decides nothing any more, whatever still happens. */
  halt(): void;
}

/**
 * Runs the reducer: one event after the other, each with its effects done before the next is looked at. What an
 * effect brings about at once (a thread that cannot even be made) queues behind it.
 *
 * @param perform does one effect; it must not wait for anything
 */
export const supervise = (
  spec: SupervisorSpec,
  clock: Clock,
  random: Random,
  perform: (effect: Effect) => void,
): Supervision => {
  const reducer = supervisorReducer(spec);
  const queue: SupervisorEvent[] = [];
  let state = reducer.initial;
  let draining = false;
  let halted = false;
  let cancelTick: CancelTimer | null = null;

  const armTick = (): void => {
    cancelTick?.();
    cancelTick = null;
    if (halted) return;
    const due = reducer.nextDue(state);
    if (due === null) return;
    cancelTick = clock.after(due - clock.monotonicMs(), () => {
      dispatch({ kind: 'tick' });
    });
  };

  const dispatch = (event: SupervisorEvent): void => {
    if (halted) return;
    queue.push(event);
    if (draining) return;
    draining = true;
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const moment = { monotonicMs: clock.monotonicMs(), uniform: random.uniform() };
        const reduced = reducer.reduce(state, next, moment);
        state = reduced.state;
        for (const effect of reduced.effects) perform(effect);
      }
    } finally {
      draining = false;
    }
    armTick();
  };

  const halt = (): void => {
    halted = true;
    queue.length = 0;
    cancelTick?.();
  };

  return { dispatch, state: () => state, halt };
};
