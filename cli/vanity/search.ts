import { Worker } from 'node:worker_threads';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import type { VanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import { foundIdentity } from '@rustbalance/crypto-worker/vanity/walk.js';
import { withoutServiceManager } from '@rustbalance/actors/kernel/environment.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { SearchOrder, SearchReport } from './thread-messages.js';

export interface SearchSettings {
  readonly prefix: VanityPrefix;
  readonly threads: number;
  readonly random: Random;
  /** Ends the search; nothing of it remains. */
  readonly interrupted: AbortSignal;
  /** Called with the keys that all threads together have looked at so far, several times a second. */
  readonly onProgress: (keys: number) => void;
}

const SEED_BYTES = 32;
const NONCE_PREFIX_BYTES = 32;

/** Threads run from the build, also where a test reads the sources. */
const entry = (): URL => new URL(import.meta.resolve('@rustbalance/cli/vanity/thread.js'));

/**
 * Looks for an identity whose address begins with the prefix, in threads that walk from random places of their own. Only one key
 * of a walk is ever used: two would lie so near to each other that one secret tells the other.
 *
 * @returns null when interrupted
 * @throws what a thread threw
 */
export const searchVanityIdentity = async (settings: SearchSettings): Promise<IdentityKeys | null> => {
  const { prefix, threads, random, interrupted } = settings;
  if (interrupted.aborted) return null;
  const workers: Worker[] = [];
  let keys = 0;
  try {
    return await new Promise<IdentityKeys | null>((resolve, reject) => {
      interrupted.addEventListener('abort', () => resolve(null), { once: true });
      for (let i = 0; i < threads; i++) {
        const order: SearchOrder = { prefix, seed: random.bytes(SEED_BYTES) as Ed25519Seed };
        const worker = new Worker(entry(), {
          name: 'vanity',
          workerData: order,
          env: withoutServiceManager(process.env),
        });
        workers.push(worker);
        worker.on('message', (report: SearchReport) => {
          keys += report.keys;
          settings.onProgress(keys);
          if (report.scalar === null) return;
          const identity = foundIdentity(report.scalar, random.bytes(NONCE_PREFIX_BYTES), prefix);
          if (identity !== null) resolve(identity);
        });
        worker.on('error', reject);
        worker.on('exit', () => reject(new Error('a search thread ended by itself')));
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
};
