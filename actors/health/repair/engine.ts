import { earlier } from '../../kernel/level-trigger.js';
import { ACTIONS, actionKey, declarationOf, isRepairKind } from './actions.js';
import type { ActionDeclaration, EscalationStep, RepairAction } from './actions.js';

/**
 * When what is done about findings: a pure function of the state, what needs doing, and now (monotonic, ms). Declarations
 * say how often and how fast; nothing here knows what an action does.
 */
export interface RepairState {
  readonly cases: ReadonlyMap<string, RepairCase>;
  /** Times of the orders that still count, by action. They outlive their case: a budget is not won by flapping. */
  readonly spent: ReadonlyMap<string, readonly number[]>;
  /** The process is told to end: nothing is ordered any more. */
  readonly ended: boolean;
}

/** One action that is needed, from the first finding that asks for it until all have stayed away. */
export interface RepairCase {
  readonly action: RepairAction;
  /** Since when it is needed without a break: the grace counts from here. */
  readonly neededSinceMs: number;
  /** Since when nothing asks for it; null while something does. */
  readonly quietSinceMs: number | null;
  /** Orders of this case: what the back-off counts. */
  readonly tries: number;
  readonly lastOrderMs: number | null;
  /** Steps of the escalation that were taken. */
  readonly escalated: number;
  readonly lastStepMs: number | null;
}

export type RepairOrder =
  | { readonly kind: 'repair'; readonly action: RepairAction; readonly attempt: number }
  | { readonly kind: 'escalate'; readonly action: RepairAction; readonly step: EscalationStep };

export interface RepairTurn {
  readonly state: RepairState;
  readonly orders: readonly RepairOrder[];
  readonly wakeAtMs: number | null;
}

export const NOTHING_TO_REPAIR: RepairState = { cases: new Map(), spent: new Map(), ended: false };

/** Between two steps of an escalation: another publisher needs some seconds, a person longer, before an exit. */
export const BETWEEN_STEPS_MS = 60_000;

/** What else is due comes after a step. */
const AFTER_STEP_MS = 1000;

const backoffMs = ({ backoff }: ActionDeclaration, tries: number): number =>
  Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(tries - 1, 30));

const within = (times: readonly number[], nowMs: number, periodMs: number): readonly number[] =>
  times.filter((atMs) => nowMs - atMs < periodMs);

/** The period of the budget that a key counts against; null for a key of another version. */
const periodOf = (key: string): number | null => {
  const kind = key.split(' ', 1)[0] ?? '';
  return isRepairKind(kind) ? ACTIONS[kind].budget.periodMs : null;
};

/** Everything that an order must wait for, the budget apart. */
const dueAtMs = (one: RepairCase, lastEverMs: number | null): number => {
  const declared = declarationOf(one.action);
  return Math.max(
    one.neededSinceMs + declared.graceMs,
    lastEverMs === null ? -Infinity : lastEverMs + declared.coolDownMs,
    one.lastOrderMs === null ? -Infinity : one.lastOrderMs + backoffMs(declared, one.tries),
  );
};

const opened = (action: RepairAction, nowMs: number): RepairCase => ({
  action,
  neededSinceMs: nowMs,
  quietSinceMs: null,
  tries: 0,
  lastOrderMs: null,
  escalated: 0,
  lastStepMs: null,
});

interface CaseTurn {
  readonly one: RepairCase;
  readonly order: RepairOrder | null;
  readonly wakeAtMs: number | null;
}

/** The next step of the escalation, once the budget is spent and the last order had its time. */
const escalate = (one: RepairCase, nowMs: number, mayExit: boolean): CaseTurn => {
  const { escalation, budget } = declarationOf(one.action);
  // Whoever lives on with a fault hears of it again; the steps are few and a period apart.
  const again =
    one.escalated === escalation.length &&
    one.lastStepMs !== null &&
    nowMs - one.lastStepMs >= budget.periodMs;
  const taken = again ? 0 : one.escalated;
  const step = escalation[taken];
  if (step === undefined) {
    return { one, order: null, wakeAtMs: (one.lastStepMs ?? nowMs) + budget.periodMs };
  }
  const dueMs = taken === 0 || one.lastStepMs === null ? nowMs : one.lastStepMs + BETWEEN_STEPS_MS;
  if (nowMs < dueMs) return { one, order: null, wakeAtMs: dueMs };
  return {
    one: { ...one, escalated: taken + 1, lastStepMs: nowMs },
    order: step === 'exit' && !mayExit ? null : { kind: 'escalate', action: one.action, step },
    wakeAtMs: nowMs + BETWEEN_STEPS_MS,
  };
};

const turnOfNeeded = (
  one: RepairCase,
  spent: readonly number[],
  nowMs: number,
  mayExit: boolean,
): CaseTurn => {
  const { budget } = declarationOf(one.action);
  const dueMs = dueAtMs(one, spent.at(-1) ?? null);
  if (nowMs < dueMs) return { one, order: null, wakeAtMs: dueMs };
  const [oldest] = spent;
  const freeAtMs = oldest === undefined || spent.length < budget.times ? null : oldest + budget.periodMs;
  // Once begun, it goes on even where the sliding period frees an order now and then.
  if (freeAtMs !== null || one.escalated > 0) {
    const step = escalate(one, nowMs, mayExit);
    if (step.one !== one) return { ...step, wakeAtMs: nowMs + AFTER_STEP_MS };
    if (freeAtMs !== null) return { ...step, wakeAtMs: earlier(step.wakeAtMs, freeAtMs) };
  }
  const ordered = { ...one, tries: one.tries + 1, lastOrderMs: nowMs };
  return {
    one: ordered,
    order: { kind: 'repair', action: one.action, attempt: ordered.tries },
    wakeAtMs: dueAtMs(ordered, nowMs),
  };
};

/**
 * One turn.
 *
 * @param needs the actions that some finding asks for now; of several for one action one is enough
 * @param mayExit false where the process ended for a fault a while ago and it did not help: that step is passed over
 */
export const repairTurn = (
  state: RepairState,
  needs: readonly RepairAction[],
  nowMs: number,
  mayExit = true,
): RepairTurn => {
  if (state.ended) return { state, orders: [], wakeAtMs: null };
  const wanted = new Map(needs.map((action) => [actionKey(action), action]));
  const cases = new Map<string, RepairCase>();
  const spent = new Map<string, readonly number[]>();
  const orders: RepairOrder[] = [];
  let wakeAtMs: number | null = null;
  let ended = false;

  for (const [key, times] of state.spent) {
    const period = periodOf(key);
    const counted = period === null ? [] : within(times, nowMs, period);
    if (counted.length > 0) spent.set(key, counted);
  }
  for (const [key, one] of state.cases) {
    if (wanted.has(key)) continue;
    const quietSinceMs = one.quietSinceMs ?? nowMs;
    const closesAtMs = quietSinceMs + declarationOf(one.action).calmMs;
    if (nowMs >= closesAtMs) continue;
    cases.set(key, { ...one, quietSinceMs });
    wakeAtMs = earlier(wakeAtMs, closesAtMs);
  }
  for (const [key, action] of wanted) {
    const known = state.cases.get(key);
    const one =
      known === undefined
        ? opened(action, nowMs)
        : known.quietSinceMs === null
          ? known
          : { ...known, quietSinceMs: null, neededSinceMs: nowMs };
    const turn = turnOfNeeded(one, spent.get(key) ?? [], nowMs, mayExit);
    cases.set(key, turn.one);
    wakeAtMs = earlier(wakeAtMs, turn.wakeAtMs);
    if (turn.order === null) continue;
    orders.push(turn.order);
    if (turn.order.kind === 'repair') spent.set(key, [...(spent.get(key) ?? []), nowMs]);
    else if (turn.order.step === 'exit') ended = true;
    // What comes after the word to end would be said to nobody.
    if (ended) break;
  }
  return { state: { cases, spent, ended }, orders, wakeAtMs: ended ? null : wakeAtMs };
};
