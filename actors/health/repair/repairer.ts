import type { ActorContext } from '../../kernel/actor.js';
import { errorData, errorLine, toErrorData } from '../../kernel/errors.js';
import type { ErrorData } from '../../kernel/errors.js';
import { earlier } from '../../kernel/level-trigger.js';
import type { StateFile } from '../../kernel/state-file.js';
import type { Review } from '../finding-register.js';
import type { Finding, HistoryView } from '../messages.js';
import { ACTIONS, actionKey, declarationOf, isRepairKind } from './actions.js';
import type { EscalationStep, RepairAction } from './actions.js';
import type { CarryOut } from './carry-out.js';
import { diagnose } from './diagnosis.js';
import type { Circumstances, Need } from './diagnosis.js';
import { NOTHING_TO_REPAIR, repairTurn } from './engine.js';
import type { RepairState } from './engine.js';
import { since, withAppeared, withCleared, withDeed, withoutLeftovers } from './history.js';
import type { History } from './history.js';
import { restoredSpent, savedSpent } from './persisted.js';
import type { PersistedHealth } from './persisted.js';

/** What was open when an earlier daemon ended is over when it is not found within this: the longest common grace. */
const LEFTOVERS_MS = 180_000;

/** An exit that did not help is not tried again before: the address is down while the daemon starts. */
const BETWEEN_EXITS_MS = 3_600_000;

const SUPERVISOR_MS = 5000;

export interface RepairerOptions {
  readonly context: Pick<ActorContext<'health'>, 'clock' | 'log' | 'order' | 'request'>;
  readonly file: StateFile<PersistedHealth>;
  readonly persisted: PersistedHealth;
  readonly carryOut: CarryOut;
}

const budgetOf = (key: string): string => {
  const kind = key.split(' ', 1)[0] ?? '';
  return isRepairKind(kind) ? String(ACTIONS[kind].budget.times) : '?';
};

const isSame = (a: Need, action: RepairAction): boolean => actionKey(a.action) === actionKey(action);

/** Does what the engine decides, and remembers what was done and how it ended. */
export class Repairer {
  readonly #options: RepairerOptions;
  readonly #startedMs: number;
  #state: RepairState;
  #history: History;
  #lastExitAtMs: number | null;
  #leftoversOpen: boolean;
  /** Repairs that did not help, by action, for as long as their cases are open. */
  readonly #exhausted = new Map<string, Finding>();

  constructor(options: RepairerOptions) {
    const { context, persisted } = options;
    this.#options = options;
    this.#startedMs = context.clock.monotonicMs();
    this.#state = { ...NOTHING_TO_REPAIR, spent: restoredSpent(persisted, context.clock) };
    this.#history = persisted.history;
    this.#lastExitAtMs = persisted.lastExitAtMs;
    this.#leftoversOpen = this.#history.some(({ endedAtMs }) => endedAtMs === null);
  }

  /** Takes in what was found, and does what is due about it; returns when it wants to look again. */
  review(found: Review, circumstances: Circumstances, nowMs: number): number | null {
    const before = this.#history;
    const wallMs = this.#options.context.clock.wallMs();
    for (const finding of found.appeared) this.#history = withAppeared(this.#history, finding, wallMs);
    for (const finding of found.cleared) this.#history = withCleared(this.#history, finding, wallMs);
    let wakeAtMs = this.#endLeftovers(found, nowMs, wallMs);

    const needs = diagnose(found.findings, circumstances);
    const turn = repairTurn(
      this.#state,
      needs.map(({ action }) => action),
      nowMs,
      this.#mayExit(wallMs),
    );
    this.#state = turn.state;
    for (const key of this.#exhausted.keys()) if (!turn.state.cases.has(key)) this.#exhausted.delete(key);
    for (const order of turn.orders) {
      const because = needs.filter((need) => isSame(need, order.action)).map(({ finding }) => finding.error);
      if (order.kind === 'repair') this.#repair(order.action, order.attempt, because);
      else this.#escalate(order.action, order.step, because);
    }
    wakeAtMs = earlier(wakeAtMs, turn.wakeAtMs);
    if (this.#history !== before) this.#save();
    return wakeAtMs;
  }

  /** Repairs that do not help: somebody must be told at once, beside the findings. */
  get exhausted(): readonly Finding[] {
    return [...this.#exhausted.values()];
  }

  entries(sinceMs: number | null): readonly HistoryView[] {
    return since(this.#history, sinceMs).map(({ error, startedAtMs, endedAtMs, times, done }) => ({
      error,
      startedAtMs,
      endedAtMs,
      times,
      done,
    }));
  }

  /** For `rbctl inspect health`: what is under repair, and what the budgets have left. */
  inspection(nowMs: number): Readonly<Record<string, unknown>> {
    const secs = (ms: number): number => Math.round(ms / 1000);
    return {
      repairs: [...this.#state.cases].map(([action, one]) => ({
        action,
        tries: one.tries,
        quietForSecs: one.quietSinceMs === null ? null : secs(nowMs - one.quietSinceMs),
        lastOrderSecsAgo: one.lastOrderMs === null ? null : secs(nowMs - one.lastOrderMs),
        escalated: declarationOf(one.action).escalation.slice(0, one.escalated),
      })),
      budgets: Object.fromEntries(
        [...this.#state.spent].map(([key, times]) => [
          key,
          `${String(times.length)} of ${budgetOf(key)} spent`,
        ]),
      ),
      history: this.#history.length,
    };
  }

  async close(): Promise<void> {
    await this.#options.file.flush();
  }

  #mayExit(wallMs: number): boolean {
    const last = this.#lastExitAtMs;
    return last === null || Math.abs(wallMs - last) >= BETWEEN_EXITS_MS;
  }

  #endLeftovers(found: Review, nowMs: number, wallMs: number): number | null {
    if (!this.#leftoversOpen) return null;
    const atMs = this.#startedMs + LEFTOVERS_MS;
    if (nowMs < atMs) return atMs;
    this.#leftoversOpen = false;
    this.#history = withoutLeftovers(this.#history, found.findings, wallMs);
    return null;
  }

  #note(what: string, because: readonly ErrorData[]): void {
    this.#history = withDeed(this.#history, because, what, this.#options.context.clock.wallMs());
  }

  #repair(action: RepairAction, attempt: number, because: readonly ErrorData[]): void {
    const { context, carryOut } = this.#options;
    const what = actionKey(action);
    context.log.warn('a repair', { action: what, attempt, because: because[0]?.code ?? '' });
    this.#note(what, because);
    carryOut(action, because[0]?.what ?? 'a finding');
  }

  #escalate(action: RepairAction, step: EscalationStep, because: readonly ErrorData[]): void {
    const { context, carryOut } = this.#options;
    const { budget } = declarationOf(action);
    const error = errorData('health.repair-exhausted', because[0]?.where ?? 'health', {
      action: actionKey(action),
      tries: budget.times,
      periodMins: Math.round(budget.periodMs / 60_000),
    });
    this.#note(`escalation: ${step}`, because);
    switch (step) {
      case 'step-down':
        context.log.warn('a repair did not help: another node shall publish', { action: actionKey(action) });
        carryOut({ kind: 'step-down', target: '' }, error.what);
        return;
      case 'alert':
        context.log.error('a repair did not help', {}, error);
        this.#tell(action, error);
        return;
      case 'exit':
        this.#tell(action, error);
        this.#exit(error, because);
    }
  }

  #tell(action: RepairAction, error: ErrorData): void {
    const key = actionKey(action);
    const sinceMs = this.#exhausted.get(key)?.sinceMs ?? this.#options.context.clock.wallMs();
    this.#exhausted.set(key, { error, sinceMs, critical: true });
  }

  #exit(error: ErrorData, because: readonly ErrorData[]): void {
    const { context } = this.#options;
    this.#lastExitAtMs = context.clock.wallMs();
    this.#save();
    const [first] = because;
    const reason = first === undefined ? error.what : errorLine(first);
    context.request('supervisor.give-up', { reason }, SUPERVISOR_MS).catch((failure: unknown) => {
      const { what } = toErrorData(failure, 'supervisor');
      context.log.error('the process could not be ended', { problem: what });
      // It lives on, and must go on with its repairs. That an exit was tried stays: it may still end, and start anew.
      this.#state = { ...this.#state, ended: false };
    });
  }

  #save(): void {
    this.#options.file.save({
      history: this.#history,
      spent: savedSpent(this.#state.spent, this.#options.context.clock),
      lastExitAtMs: this.#lastExitAtMs,
    });
  }
}
