import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';

/**
 * Keeps a fault that repeats from filling the disk: of records that say the same, the first few of each period
 * are written, and the others are counted and told with the next one that is.
 */
export interface RepeatLimiter {
  /** The record to write, with `repeated` among its fields when others were left out before it; null: leave it out. */
  admit(record: LogRecord): LogRecord | null;
}

interface Seen {
  readonly since: number;
  readonly written: number;
  readonly leftOut: number;
}

const PERIOD_MS = 60_000;
const WRITTEN_EACH_PERIOD = 10;
/** Different records that are told apart; the longest unseen is forgotten first. */
const MOST_KINDS = 500;

const kindOf = ({ level, component, message, error, fields }: LogRecord): string =>
  `${level} ${component} ${message} ${error?.code ?? ''} ${String(fields['actor'] ?? '')}`;

export const repeatLimiter = (clock: Pick<Clock, 'monotonicMs'>): RepeatLimiter => {
  const seen = new Map<string, Seen>();

  const remember = (kind: string, state: Seen): void => {
    seen.delete(kind);
    seen.set(kind, state);
    if (seen.size <= MOST_KINDS) return;
    const oldest = seen.keys().next();
    if (oldest.done !== true) seen.delete(oldest.value);
  };

  return {
    admit: (record) => {
      if (record.level === 'debug') return record;
      const now = clock.monotonicMs();
      const kind = kindOf(record);
      const before = seen.get(kind) ?? { since: now, written: 0, leftOut: 0 };
      const fresh = now - before.since >= PERIOD_MS;
      const state = fresh ? { since: now, written: 0, leftOut: before.leftOut } : before;
      if (state.written >= WRITTEN_EACH_PERIOD) {
        remember(kind, { ...state, leftOut: state.leftOut + 1 });
        return null;
      }
      remember(kind, { ...state, written: state.written + 1, leftOut: 0 });
      return state.leftOut === 0
        ? record
        : { ...record, fields: { ...record.fields, repeated: state.leftOut } };
    },
  };
};
