import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { EXIT_CODES } from './exit-codes.js';
import type { Turn } from './turn.js';
import { begin, isLive, load } from './turn.js';

/**
 * Threads load their code at once, which is most of a start's cost and uses every core: first those that clients wait
 * for, which start together, then all others. These start, and thereby touch the world, one after the other in order, as
 * OTP has it.
 */
export const boot = (turn: Turn): void => {
  if (turn.state.phase.at !== 'idle') return;
  turn.state = { ...turn.state, phase: { at: 'booting', next: 0 } };
  for (const place of turn.layout.places.slice(0, turn.spec.foremost)) {
    load(turn, place);
    begin(turn, place);
  }
};

/** Each once: the boot ends at the first death. */
const loadTheRest = (turn: Turn, from: number): void => {
  for (const place of turn.layout.places.slice(from)) if (!isLive(turn.child(place))) load(turn, place);
};

export const advanceBoot = (turn: Turn, next: number): void => {
  const place = turn.layout.places[next];
  if (place === undefined) {
    turn.state = { ...turn.state, phase: { at: 'running' } };
    turn.effects.push({ kind: 'all-ready' });
    return;
  }
  if (next === turn.spec.foremost) loadTheRest(turn, next);
  const { life } = turn.child(place);
  if (life.at === 'loading') begin(turn, place);
  if (life.at !== 'up') return;
  turn.state = { ...turn.state, phase: { at: 'booting', next: next + 1 } };
  advanceBoot(turn, next + 1);
};

/**
 * The first start fails fast: nothing is tried again (intensity is not consulted), what has started is stopped in
 * reverse, and a configuration error keeps the service manager from trying for ever.
 */
export const failBoot = (turn: Turn, error: ErrorData): void => {
  const code = error.code.startsWith('config.') ? EXIT_CODES.config : EXIT_CODES.failure;
  turn.state = { ...turn.state, phase: { at: 'stopping', code } };
  turn.report('shutdown', null, error);
};
