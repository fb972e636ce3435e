import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { EXIT_CODES } from './exit-codes.js';
import type { ExitCode } from './exit-codes.js';
import { endNow, isLive, stopChild } from './turn.js';
import type { Turn } from './turn.js';

const isReplacing = ({ state }: Turn): boolean => state.plans.some((plan) => plan?.replaces === true);

const beginStop = (turn: Turn): void => {
  turn.state = { ...turn.state, phase: { at: 'stopping', code: EXIT_CODES.good }, stopAwaits: false };
  turn.report('shutdown', null, null);
};

/**
 * The first request stops in order; a second one means that somebody does not want to wait. A child that is being replaced has kept
 * for its successor what a shutdown takes down (its lease, its tunnel): the successor comes first, and is then told.
 */
export const requestStop = (turn: Turn): void => {
  switch (turn.state.phase.at) {
    case 'idle':
    case 'booting':
      beginStop(turn);
      return;
    case 'running':
      if (turn.state.stopAwaits) endNow(turn, EXIT_CODES.failure);
      else if (isReplacing(turn)) turn.state = { ...turn.state, stopAwaits: true };
      else beginStop(turn);
      return;
    case 'stopping': {
      const { code } = turn.state.phase;
      endNow(turn, code === EXIT_CODES.good ? EXIT_CODES.failure : code);
      return;
    }
    case 'ended':
      return;
  }
};

/** Goes on with a stop that has waited for what was being replaced. */
export const takeUpStop = (turn: Turn): void => {
  if (turn.state.stopAwaits && !isReplacing(turn)) beginStop(turn);
};

/** Stops in order, and the process ends with the code by which the service manager starts it afresh. */
export const giveUpOnOrder = (turn: Turn, error: ErrorData): void => {
  if (turn.state.phase.at !== 'running' && turn.state.phase.at !== 'booting') return;
  turn.state = { ...turn.state, phase: { at: 'stopping', code: EXIT_CODES.gaveUp } };
  turn.report('shutdown', null, error);
};

/** Stops the last child that lives; the others wait for its end, since it may still need them. */
export const advanceStop = (turn: Turn, code: ExitCode): void => {
  const last = turn.layout.places.findLast((place) => isLive(turn.child(place)));
  if (last === undefined) {
    turn.state = { ...turn.state, phase: { at: 'ended', code } };
    turn.effects.push({ kind: 'end', code, forced: false });
    return;
  }
  if (turn.child(last).life.at !== 'ending') stopChild(turn, last, 'shutdown');
};
