import type { ActorContext } from '../../kernel/actor.js';
import type { Finding } from '../messages.js';
import { NO_ALERTS, alertTurn } from './alerting.js';
import { alertSender } from './sender.js';

export interface Alerts {
  /** Tells what is due; returns when it wants to look again. */
  review(findings: readonly Finding[], nowMs: number): number | null;
  useSocks(socks: string | null): void;
  inspection(): Readonly<Record<string, unknown>>;
  stop(): void;
}

export const makeAlerts = (
  context: Pick<ActorContext<'health'>, 'clock' | 'config' | 'log' | 'request'>,
): Alerts => {
  const { config } = context;
  const sender = alertSender(context);
  const settings = {
    afterMs: config.alerts.after_secs * 1000,
    repeatMs: config.alerts.repeat_secs * 1000,
  };
  let state = NO_ALERTS;
  return {
    review: (findings, nowMs) => {
      const turn = alertTurn(state, findings, nowMs, settings);
      state = turn.state;
      for (const alert of turn.alerts) sender.send(alert);
      return turn.wakeAtMs;
    },
    useSocks: sender.useSocks,
    inspection: () => ({ alertsWaiting: sender.waiting, alertsSuppressed: state.suppressed }),
    stop: sender.stop,
  };
};
