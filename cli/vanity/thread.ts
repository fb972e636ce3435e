/** Entry of a search thread: walks until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import { KEYS_PER_STEP, startVanityWalk } from '@rustbalance/crypto-worker/vanity/walk.js';
import type { SearchOrder, SearchReport } from './thread-messages.js';

/** About 0.2 s: often enough for a line of progress that moves, too seldom to cost anything. */
const STEPS_PER_REPORT = 200;

const report = (message: SearchReport): void => {
  parentPort?.postMessage(message);
};

const { prefix, seed } = workerData as SearchOrder;
const walk = startVanityWalk(seed, prefix);
for (let steps = 1; ; steps++) {
  const scalar = walk.step();
  if (scalar === null && steps < STEPS_PER_REPORT) continue;
  report({ keys: steps * KEYS_PER_STEP, scalar });
  steps = 0;
}
