import { randomBytes } from 'node:crypto';

/** Randomness, injected, so that a test repeats what a seed did. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). */
  uniform(): number;
}

export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  uniform: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};

/** Uniform in [low, high): used for jitter, so that nodes do not act in step. */
export const between = (random: Random, low: number, high: number): number =>
  low + random.uniform() * (high - low);
