import type { Clock } from '../../kernel/clock.js';
import type { StateSchema } from '../../kernel/state-file.js';
import type { History } from './history.js';
import { historyIn, isTimes } from './history-codec.js';

/** history.json: what `rbctl history` shows, and the budgets, so that a restart of this actor or of the daemon wins none. */
export const HISTORY_VERSION = 1;

export interface PersistedHealth {
  readonly history: History;
  /** Orders that counted against a budget when this was written, by action; wall clock, ms. */
  readonly spent: Readonly<Record<string, readonly number[]>>;
  /** When this node's daemon last ended to be started afresh; null: never. */
  readonly lastExitAtMs: number | null;
}

export const NO_HISTORY: PersistedHealth = { history: [], spent: {}, lastExitAtMs: null };

type Spent = ReadonlyMap<string, readonly number[]>;

/** Wall-clock times on the monotonic clock of now. What a stepped clock dates in the future was just now. */
export const restoredSpent = ({ spent }: PersistedHealth, clock: Clock): Spent => {
  const [wall, monotonic] = [clock.wallMs(), clock.monotonicMs()];
  return new Map(
    Object.entries(spent).map(([key, times]) => [
      key,
      times.map((atMs) => monotonic - Math.max(0, wall - atMs)).sort((a, b) => a - b),
    ]),
  );
};

export const savedSpent = (spent: Spent, clock: Clock): PersistedHealth['spent'] => {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  return Object.fromEntries(
    [...spent].map(([key, times]) => [key, times.map((atMs) => Math.max(0, Math.round(atMs + offsetMs)))]),
  );
};

const failed = (at: string) => ({ success: false, error: { issues: [{ path: [at] }] } }) as const;

export const persistedHealth: StateSchema<PersistedHealth> = {
  safeParse: (value) => {
    if (typeof value !== 'object' || value === null) return failed('');
    const { history, spent, lastExitAtMs } = value as Partial<Record<keyof PersistedHealth, unknown>>;
    const entries = historyIn(history);
    if (entries === null) return failed('history');
    if (typeof spent !== 'object' || spent === null) return failed('spent');
    const times = Object.entries(spent);
    if (times.length > 1000 || !times.every(([, list]) => isTimes(list))) return failed('spent');
    if (lastExitAtMs !== null && typeof lastExitAtMs !== 'number') return failed('lastExitAtMs');
    return {
      success: true,
      data: { history: entries, spent: spent as PersistedHealth['spent'], lastExitAtMs },
    };
  },
};
