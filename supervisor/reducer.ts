import { advanceBoot, boot } from './boot.js';
import { applyToChild } from './child-events.js';
import type { SupervisorSpec } from './child-spec.js';
import { nextDue } from './due.js';
import type { Effect } from './effects.js';
import type { Moment, SupervisorEvent } from './events.js';
import { layoutOf } from './layout.js';
import { advanceUnit, replaceChild } from './restart.js';
import { initialState } from './state.js';
import type { State } from './state.js';
import { advanceStop, giveUpOnOrder, requestStop, takeUpStop } from './stopping.js';
import { checkDeadlines } from './timeouts.js';
import { Turn } from './turn.js';

export interface Reduced {
  readonly state: State;
  /** To be done in this order. */
  readonly effects: readonly Effect[];
}

/** Supervision by Erlang/OTP's rules as a pure function: nothing in here waits, and nothing is decided elsewhere. */
export interface Reducer {
  readonly initial: State;
  reduce(state: State, event: SupervisorEvent, moment: Moment): Reduced;
  /** When `tick` is due, monotonic ms; null: not before another event. */
  nextDue(state: State): number | null;
}

/** @param spec checked by specProblem() */
export const supervisorReducer = (spec: SupervisorSpec): Reducer => {
  const layout = layoutOf(spec);
  return {
    initial: initialState(layout),
    nextDue: (state) => nextDue(spec, layout, state),
    reduce: (state, event, moment) => {
      if (state.phase.at === 'ended') return { state, effects: [] };
      const turn = new Turn(spec, layout, state, moment);
      forgiveOwnAbsence(turn);
      apply(turn, event);
      for (const place of layout.places) {
        if (turn.state.phase.at !== 'ended') checkDeadlines(turn, place);
      }
      advance(turn);
      return { state: turn.state, effects: turn.effects };
    },
  };
};

/** A tick may be late by this much before the lateness is the supervisor's own and not the children's. */
const STALL_MS = 250;
/** For reading what lies in the ports, on a machine that may have been away as a whole. A child that hangs is found so much later. */
const READING_MS = 1_000;

/**
 * Whoever was away accuses nobody: when this loop was blocked or the process stopped, the pongs and handshakes
 * lie unread in the ports, and every child would look dead at once.
 */
const forgiveOwnAbsence = (turn: Turn): void => {
  const due = nextDue(turn.spec, turn.layout, turn.state);
  const late = due === null ? 0 : turn.now - due;
  if (late < STALL_MS) return;
  const forgiven = late + READING_MS;
  for (const place of turn.layout.places) {
    const { life } = turn.child(place);
    if (life.at === 'starting') turn.live(place, { ...life, deadline: life.deadline + forgiven });
    if (life.at === 'up' && life.pingedAt !== null)
      turn.live(place, { ...life, pingedAt: life.pingedAt + forgiven });
  }
};

const apply = (turn: Turn, event: SupervisorEvent): void => {
  switch (event.kind) {
    case 'boot':
      boot(turn);
      return;
    case 'stop-requested':
      requestStop(turn);
      return;
    case 'give-up-ordered':
      giveUpOnOrder(turn, event.error);
      return;
    case 'replace': {
      const place = turn.layout.places.find(({ spec }) => spec.id === event.id);
      if (place !== undefined) replaceChild(turn, place);
      return;
    }
    case 'tick':
      return;
    case 'ready':
    case 'failing':
    case 'restart-ordered':
    case 'finished':
    case 'exited':
    case 'spinning':
    case 'pong': {
      const place = turn.layout.places.find(({ spec }) => spec.id === event.id);
      if (place === undefined || turn.child(place).generation !== event.generation) return;
      applyToChild(turn, place, event);
    }
  }
};

/** Carries what is under way as far as it can go now. */
const advance = (turn: Turn): void => {
  const { phase } = turn.state;
  switch (phase.at) {
    case 'booting':
      advanceBoot(turn, phase.next);
      return;
    case 'running':
      for (const unit of turn.layout.units.keys()) advanceUnit(turn, unit);
      takeUpStop(turn);
      if (turn.state.phase.at === 'stopping') advanceStop(turn, turn.state.phase.code);
      return;
    case 'stopping':
      advanceStop(turn, phase.code);
      return;
    case 'idle':
    case 'ended':
      return;
  }
};
