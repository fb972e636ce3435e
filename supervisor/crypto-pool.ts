import { availableParallelism } from 'node:os';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { withoutServiceManager } from '@rustbalance/actors/kernel/environment.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import type { PoolJob } from '@rustbalance/actors/kernel/pool-messages.js';
import { Piscina } from 'piscina';
import type { ServiceHandlers } from './router.js';

/** More than two descriptors are never built at once, and each further thread costs 25 MiB. */
const MOST_THREADS = 2;

/** A second thread goes again after this long without work. */
const IDLE_MS = 30_000;

/** Tasks that may wait: each is milliseconds of work, and a queue of seconds helps nobody. */
const MOST_WAITING = 256;

export interface CryptoPool {
  readonly handlers: ServiceHandlers<'pool'>;
  close(): Promise<void>;
}

/**
 * All curve, bulk and Argon2 work of the daemon. A task that is over its deadline costs its thread: that is the
 * only way to end a computation, and the pool makes another.
 *
 * @param entry the module of crypto-worker that the threads load
 */
export const cryptoPool = (entry: URL, clock: Clock, log: Logger): CryptoPool => {
  let pool: Piscina<PoolJob> | null = null;
  return {
    handlers: {
      'pool.run': (job, { deadlineMs }) => {
        // With its first task: at the start of the daemon its thread would compete with those that clients wait for.
        pool ??= openPool(entry, log);
        return run(pool, clock, job, deadlineMs);
      },
    },
    close: async () => pool?.destroy(),
  };
};

const openPool = (entry: URL, log: Logger): Piscina<PoolJob> => {
  const pool = new Piscina<PoolJob>({
    filename: entry.href,
    name: 'run',
    minThreads: 1,
    maxThreads: Math.min(MOST_THREADS, availableParallelism()),
    idleTimeout: IDLE_MS,
    maxQueue: MOST_WAITING,
    env: withoutServiceManager(process.env),
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
    recordTiming: false,
    workerHistogram: false,
  });
  // Without a listener, a thread that crashes between two tasks would take the process down.
  pool.on('error', (error: Error) => {
    log.warn('a thread of the crypto pool failed', { reason: firstLine(error) });
  });
  return pool;
};

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 200) ?? '';

const run = async (
  pool: Piscina<PoolJob>,
  clock: Clock,
  job: PoolJob,
  deadlineMs: number,
): Promise<unknown> => {
  const { task } = job;
  if (pool.queueSize >= MOST_WAITING) throw rbError('pool.overloaded', 'pool', { task, limit: MOST_WAITING });
  const late = new AbortController();
  const cancel = clock.after(deadlineMs, () => {
    late.abort();
  });
  try {
    return (await pool.run(job, { signal: late.signal })) as unknown;
  } catch (error) {
    if (late.signal.aborted) throw rbError('pool.deadline', 'pool', { task, deadlineMs });
    throw rbError('pool.failed', 'pool', { task, reason: firstLine(error) });
  } finally {
    cancel();
  }
};
