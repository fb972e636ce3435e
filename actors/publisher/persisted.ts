import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { z } from 'zod';
import type { SeenCounter } from '../election/messages.js';

/** The part of state.json that publishing cannot do without: see counter-fence.ts. */
export const PERSISTED_VERSION = 1;

export const persistedPublisher = z.strictObject({
  /** Wall clock (ms) of the last completed upload; null before the first. */
  lastPublishMs: z.number().int().nonnegative().nullable(),
  counters: z
    .array(
      z.strictObject({
        timePeriod: z.number().int().nonnegative(),
        n: z
          .number()
          .int()
          .positive()
          .max(2 ** 32),
      }),
    )
    .max(16),
  /** Auth keys (hex) of this node's introduction points that were published last: see own-keys.ts. */
  ownPoints: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .max(64)
    .default([]),
});

export type PersistedPublisher = z.infer<typeof persistedPublisher>;

export const NOTHING_PERSISTED: PersistedPublisher = { lastPublishMs: null, counters: [], ownPoints: [] };

export const restoredCounters = (persisted: PersistedPublisher): readonly SeenCounter[] =>
  persisted.counters.map(({ timePeriod, n }) => ({ timePeriod: timePeriod as TimePeriodNumber, n }));
