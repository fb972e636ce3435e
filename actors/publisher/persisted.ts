import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { SeenCounter } from '../election/messages.js';
import { isCount, isFields, isListOf, isString } from '../kernel/checks.js';
import type { StateSchema } from '../kernel/state-file.js';

/** The part of state.json that publishing cannot do without: see counter-fence.ts. */
export const PERSISTED_VERSION = 1;

export interface PersistedPublisher {
  /** Wall clock (ms) of the last completed upload; null before the first. */
  readonly lastPublishMs: number | null;
  readonly counters: readonly PersistedCounter[];
  /** Auth keys (hex) of this node's introduction points that were published last: see own-keys.ts. */
  readonly ownPoints: readonly string[];
}

interface PersistedCounter {
  readonly timePeriod: number;
  readonly n: number;
}

const MOST_COUNTERS = 16;
const MOST_POINTS = 64;

const isCounter = (value: unknown): value is PersistedCounter =>
  isFields(value) &&
  isCount(value['timePeriod']) &&
  isCount(value['n']) &&
  value['n'] > 0 &&
  value['n'] <= 2 ** 32 &&
  Object.keys(value).length === 2;

const isAuthKey = (value: unknown): value is string => isString(value) && /^[0-9a-f]{64}$/.test(value);

const FIELDS: readonly string[] = ['lastPublishMs', 'counters', 'ownPoints'];

const failed = (at: string) => ({ success: false, error: { issues: [{ path: [at] }] } }) as const;

export const persistedPublisher: StateSchema<PersistedPublisher> = {
  safeParse: (value) => {
    if (!isFields(value)) return failed('');
    const { lastPublishMs, counters, ownPoints = [] } = value;
    if (lastPublishMs !== null && !isCount(lastPublishMs)) return failed('lastPublishMs');
    if (!isListOf(counters, MOST_COUNTERS, isCounter)) return failed('counters');
    if (!isListOf(ownPoints, MOST_POINTS, isAuthKey)) return failed('ownPoints');
    const foreign = Object.keys(value).find((key) => !FIELDS.includes(key));
    if (foreign !== undefined) return failed('');
    return { success: true, data: { lastPublishMs, counters, ownPoints } };
  },
};

export const NOTHING_PERSISTED: PersistedPublisher = { lastPublishMs: null, counters: [], ownPoints: [] };

export const restoredCounters = (persisted: PersistedPublisher): readonly SeenCounter[] =>
  persisted.counters.map(({ timePeriod, n }) => ({ timePeriod: timePeriod as TimePeriodNumber, n }));
