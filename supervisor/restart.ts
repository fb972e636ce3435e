import type { Place } from './layout.js';
import type { Plan } from './state.js';
import { begin, isLive, load, stopChild } from './turn.js';
import type { Turn } from './turn.js';

/** Carries the planned restart of a unit as far as it can go now. */
export const advanceUnit = (turn: Turn, unit: number): void => {
  const plan = turn.state.plans[unit] ?? null;
  if (plan === null) return;
  if (plan.clearing) clear(turn, unit, plan);
  else startNext(turn, unit, plan);
};

const placesOf = (turn: Turn, unit: number) => turn.layout.places.filter((place) => place.unit === unit);

/** Stops what lives from the failed child on, the last first, one at a time. */
const clear = (turn: Turn, unit: number, plan: Plan): void => {
  const last = placesOf(turn, unit)
    .slice(plan.from)
    .findLast((place) => isLive(turn.child(place)));
  if (last === undefined) {
    const started = { ...plan, clearing: false, next: plan.from };
    turn.plan(unit, started);
    startNext(turn, unit, started);
    return;
  }
  if (turn.child(last).life.at !== 'ending') stopChild(turn, last, 'replace');
};

const startNext = (turn: Turn, unit: number, plan: Plan): void => {
  const place = placesOf(turn, unit)[plan.next];
  if (place === undefined) {
    turn.plan(unit, null);
    return;
  }
  const child = turn.child(place);
  // A temporary child is not started again even as collateral.
  const skipped = child.gone || place.spec.restart === 'temporary';
  if (skipped || child.life.at === 'up') {
    if (skipped) turn.change(place, { gone: true });
    const further = { ...plan, next: plan.next + 1 };
    turn.plan(unit, further);
    startNext(turn, unit, further);
    return;
  }
  if (child.life.at !== 'down' || turn.now < plan.dueAt) return;
  load(turn, place);
  begin(turn, place);
};

/**
 * A restart that somebody asked for: it is no failure, so neither intensity nor back-off know of it. A child that is
 * down or ending is about to be started anyway, and is born with the same.
 */
export const replaceChild = (turn: Turn, place: Place): void => {
  const { at } = turn.child(place).life;
  const { phase, stopAwaits } = turn.state;
  if (phase.at !== 'running' || stopAwaits || at === 'down' || at === 'ending') return;
  const { unit, index } = place;
  turn.plan(unit, { from: index, dueAt: turn.now, clearing: true, next: index, replaces: true });
};
