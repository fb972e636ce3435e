import { randomBytes } from 'node:crypto';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { parseVanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import { KEYS_PER_STEP, startVanityWalk } from '@rustbalance/crypto-worker/vanity/walk.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const WARM_UP_MS = 500;
const RUN_MS = 1_000;

/** Keys a second of one core: what each thread of `init --vanity-prefix` does. */
export const vanityFigures = (runs = 8): Promise<Figure[]> => {
  // So rare that nothing is found.
  const prefix = parseVanityPrefix('rustbalanc');
  if ('kind' in prefix) throw new Error(prefix.kind);
  const walk = startVanityWalk(new Uint8Array(randomBytes(32)) as Ed25519Seed, prefix);
  const rate = (forMs: number): number => {
    const began = performance.now();
    let steps = 0;
    for (; performance.now() - began < forMs; steps++) walk.step();
    return (steps * KEYS_PER_STEP) / (performance.now() - began);
  };
  rate(WARM_UP_MS);
  const measured = spread(Array.from({ length: runs }, () => rate(RUN_MS)));
  return Promise.resolve([
    {
      what: 'Keys that a vanity search looks at, on one core',
      unit: 'thousand/s',
      spread: measured,
      target: 'min ≥ 80',
      met: measured.min >= 80,
    },
  ]);
};
