import type { Random } from '@rustbalance/actors/kernel/random.js';

/** A repeatable Random (mulberry32): good enough to vary a simulation, and to nothing else. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    uniform: () => next() / 2 ** 32,
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 4) {
        const word = next();
        for (let byte = 0; byte < 4 && at + byte < length; byte++)
          bytes[at + byte] = (word >>> (8 * byte)) & 255;
      }
      return bytes;
    },
  };
};
