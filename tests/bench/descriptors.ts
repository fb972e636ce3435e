import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { Result } from '@rustbalance/crypto-worker/result.js';
import type { BuiltDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import { exampleBuilds } from './example-builds.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const WARM_UP = 30;

/** Both descriptors with twenty introduction points, as one job of the pool, from post to answer. */
export const descriptorFigures = async (runs = 200): Promise<Figure[]> => {
  const pool = new Piscina({
    filename: fileURLToPath(import.meta.resolve('@rustbalance/crypto-worker/pool.js')),
    name: 'run',
    minThreads: 1,
    maxThreads: 1,
  });
  const { secret } = generateIdentity(new Uint8Array(randomBytes(32)));
  const next = exampleBuilds(secret);
  const samples: number[] = [];
  for (let i = 0; i < WARM_UP + runs; i++) {
    const input = next();
    const began = performance.now();
    const built = (await pool.run({ task: 'buildDescriptors', input })) as Result<readonly BuiltDescriptor[]>;
    if (!built.ok) throw new Error(`${built.code}: ${built.detail}`);
    if (i >= WARM_UP) samples.push(performance.now() - began);
  }
  await pool.close();
  const measured = spread(samples);
  return [
    {
      what: 'Both descriptors with 20 introduction points, in the pool',
      unit: 'ms',
      spread: measured,
      target: 'median ≤ 8',
      met: measured.median <= 8,
    },
  ];
};
