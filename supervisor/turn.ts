import type { StopReason } from '@rustbalance/actors/kernel/envelope.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { SupervisorSpec } from './child-spec.js';
import type { Effect, ReportKind } from './effects.js';
import type { Moment } from './events.js';
import type { ExitCode } from './exit-codes.js';
import type { Layout, Place } from './layout.js';
import { withinPeriod } from './restart-window.js';
import type { Child, Life, Plan, State } from './state.js';

/**
 * One turn of the reducer: the state so far and the effects so far. The state itself is never changed in place,
 * so that the reducer stays a pure function of what it was given.
 */
export class Turn {
  readonly spec: SupervisorSpec;
  readonly layout: Layout;
  readonly now: number;
  readonly uniform: number;
  readonly effects: Effect[] = [];
  state: State;

  constructor(spec: SupervisorSpec, layout: Layout, state: State, moment: Moment) {
    this.spec = spec;
    this.layout = layout;
    this.state = state;
    this.now = moment.monotonicMs;
    this.uniform = moment.uniform;
  }

  child(place: Place): Child {
    const child = this.state.children.get(place.spec.id);
    if (child === undefined) throw new Error(`no child ${place.spec.id}`);
    return child;
  }

  change(place: Place, change: Partial<Child>): void {
    const children = new Map(this.state.children);
    children.set(place.spec.id, { ...this.child(place), ...change });
    this.state = { ...this.state, children };
  }

  live(place: Place, life: Life): void {
    this.change(place, { life });
  }

  plan(unit: number, plan: Plan | null): void {
    this.state = { ...this.state, plans: this.state.plans.with(unit, plan) };
  }

  restartsInPeriod({ group }: Place): readonly number[] {
    return withinPeriod(this.state.restarts.get(group.id) ?? [], this.now, group.periodMs);
  }

  report(
    kind: ReportKind,
    place: Place | null,
    error: ErrorData | null,
    uptimeMs: number | null = null,
  ): void {
    const report = {
      kind,
      child: place?.spec.id ?? null,
      generation: place === null ? null : this.child(place).generation,
      uptimeMs,
      restartsInPeriod: place === null ? 0 : this.restartsInPeriod(place).length,
      error,
    };
    this.effects.push({ kind: 'report', report });
  }
}

export const isLive = ({ life }: Child): boolean => life.at !== 'down';

/** A new incarnation: only ever made where there is none. */
export const load = (turn: Turn, place: Place): void => {
  const generation = turn.child(place).generation + 1;
  turn.change(place, { life: { at: 'loading' }, generation, lastWords: null, finished: false });
  turn.effects.push({ kind: 'load', id: place.spec.id, generation });
};

export const begin = (turn: Turn, place: Place): void => {
  const { generation } = turn.child(place);
  turn.live(place, { at: 'starting', deadline: turn.now + place.spec.startTimeoutMs });
  turn.effects.push({ kind: 'begin', id: place.spec.id, generation });
};

const sinceOf = ({ life }: Child): number | null =>
  life.at === 'up' || life.at === 'ending' ? life.since : null;

export const terminate = (turn: Turn, place: Place, intent: 'stop' | 'failed'): void => {
  const child = turn.child(place);
  const deadline = turn.now + place.spec.killMs;
  turn.live(place, { at: 'ending', since: sinceOf(child), step: 'terminated', deadline, intent });
  turn.effects.push({ kind: 'terminate', id: place.spec.id, generation: child.generation });
};

/** First step of a stop. A child that is not up has nothing that it could release in order. */
export const stopChild = (turn: Turn, place: Place, reason: StopReason): void => {
  const { life, generation } = turn.child(place);
  if (life.at !== 'up') {
    terminate(turn, place, 'stop');
    return;
  }
  const deadlineMs = place.spec.shutdownMs;
  const deadline = turn.now + deadlineMs;
  turn.live(place, { at: 'ending', since: life.since, step: 'asked', deadline, intent: 'stop' });
  turn.effects.push({ kind: 'ask-stop', id: place.spec.id, generation, deadlineMs, reason });
};

/** Ends the tree without waiting for anybody. */
export const endNow = (turn: Turn, code: ExitCode): void => {
  turn.state = { ...turn.state, phase: { at: 'ended', code } };
  turn.effects.push({ kind: 'end', code, forced: true });
};

/** @param pingedAt of the ping that it owes a pong for */
export const unresponsive = (turn: Turn, place: Place, pingedAt: number): ErrorData =>
  // A stall of our own that was forgiven may have moved the ping ahead of now.
  actorError('actor.unresponsive', place, { silentMs: Math.max(0, Math.round(turn.now - pingedAt)) });

export const actorError = (
  code:
    | 'actor.exited'
    | 'actor.unresponsive'
    | 'actor.machine-stopped'
    | 'actor.start-timeout'
    | 'actor.wrong-version'
    | 'actor.would-not-end'
    | 'actor.shutdown-timeout',
  { spec }: Place,
  detail: Readonly<Record<string, number>> = {},
): ErrorData => errorData(code, spec.id, { actor: spec.id, ...detail });
