import type { ActorContext } from '../../kernel/actor.js';
import type { ErrorData } from '../../kernel/errors.js';
import { earlier } from '../../kernel/level-trigger.js';
import type { Finding } from '../messages.js';
import { NO_ALERTS, alertTurn } from './alerting.js';
import { alertSender } from './sender.js';

/** What a repair engine says is a finding like any other, for as long as its own findings may be told again. */
interface Urgent {
  readonly finding: Finding;
  readonly untilMs: number;
}

const URGENT_MS = 600_000;

export interface Alerts {
  /** Tells what is due; returns when it wants to look again. */
  review(findings: readonly Finding[], nowMs: number): number | null;
  /** Somebody must be told at once. */
  urgent(error: ErrorData): void;
  useSocks(socks: string | null): void;
  inspection(): Readonly<Record<string, unknown>>;
  stop(): void;
}

export const makeAlerts = (
  context: Pick<ActorContext<'health'>, 'clock' | 'config' | 'log' | 'request'>,
): Alerts => {
  const { clock, config } = context;
  const sender = alertSender(context);
  const settings = {
    afterMs: config.alerts.after_secs * 1000,
    repeatMs: config.alerts.repeat_secs * 1000,
  };
  let state = NO_ALERTS;
  let urgent: readonly Urgent[] = [];
  return {
    review: (findings, nowMs) => {
      urgent = urgent.filter(({ untilMs }) => nowMs < untilMs);
      const all = [...findings, ...urgent.map(({ finding }) => finding)];
      const turn = alertTurn(state, all, nowMs, settings);
      state = turn.state;
      for (const alert of turn.alerts) sender.send(alert);
      return urgent.reduce<number | null>((due, { untilMs }) => earlier(due, untilMs), turn.wakeAtMs);
    },
    urgent: (error) => {
      const finding = { error, sinceMs: clock.wallMs(), critical: true };
      const others = urgent.filter(({ finding: { error: known } }) => known.where !== error.where);
      urgent = [...others, { finding, untilMs: clock.monotonicMs() + URGENT_MS }];
    },
    useSocks: sender.useSocks,
    inspection: () => ({ alertsWaiting: sender.waiting, alertsSuppressed: state.suppressed }),
    stop: sender.stop,
  };
};
