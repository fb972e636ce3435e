import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { PastLife } from './actor-history.js';
import type { Dump } from './actor-system.js';
import type { ActorInspection } from './control-protocol.js';
import type { Vitals } from './incarnation.js';
import type { Child } from './state.js';

/** All that is known of one actor, from inside and outside. */
export interface ActorView {
  readonly child: Child;
  readonly vitals: Vitals | null;
  /** Null when it did not answer. */
  readonly dump: Dump | null;
  readonly history: readonly PastLife[];
  readonly mailbox: number;
}

const stateOf = ({ life, restarts }: Child, dump: Dump | null): string => {
  switch (life.at) {
    case 'down':
      return restarts > 0 ? 'restarting' : 'down';
    case 'loading':
    case 'starting':
      return 'starting';
    case 'ending':
      return 'stopping';
    case 'up':
      return dump?.inspection.state ?? 'unresponsive';
  }
};

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

const secs = (ms: number): number => round(ms / 1000, 3);

/** @param now monotonic ms */
export const inspectActor = (view: ActorView, now: number): ActorInspection => {
  const { child, vitals, dump, history, mailbox } = view;
  const { life } = child;
  return {
    state: stateOf(child, dump),
    generation: child.generation,
    restarts: child.restarts,
    uptime_secs: life.at === 'up' ? secs(now - life.since) : null,
    mailbox: mailbox + (dump?.answering ?? 0),
    elu: round(vitals?.utilisation ?? 0, 3),
    loop_delay_p99_ms: round(vitals?.loopDelayP99Ms ?? 0, 1),
    heap_used_bytes: dump?.heapUsedBytes ?? null,
    last_error: child.lastError,
    context: dump?.inspection.context ?? {},
    history: history.map(({ generation, endedAtMs, uptimeMs, error }) => ({
      generation,
      ended_at: new Date(endedAtMs).toISOString(),
      uptime_secs: uptimeMs === null ? null : secs(uptimeMs),
      error,
    })),
  };
};

export type ActorInspections = Partial<Record<ActorName, ActorInspection>>;
