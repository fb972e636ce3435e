/** The share of RB_SIMULATION_TIMES that a simulation gets whose every run takes half a second of a processor. */
export const COSTLY = 1 / 4;

/**
 * The seeds of a simulated property: the first `count`, RB_SIMULATION_TIMES as many (`npm run test:simulation`), or as many as
 * RB_SIMULATION_SEEDS says, from RB_SIMULATION_FIRST on. A failing seed stands in the test's name or in what failed; to run it
 * alone: RB_SIMULATION_FIRST=<seed> RB_SIMULATION_SEEDS=1.
 */
export const seeds = (count: number, share = 1): readonly number[] => {
  const times = Math.max(1, share * Number(process.env['RB_SIMULATION_TIMES'] ?? 1));
  const wanted = Number(process.env['RB_SIMULATION_SEEDS'] ?? Math.round(count * times));
  const first = Number(process.env['RB_SIMULATION_FIRST'] ?? 1);
  return Array.from({ length: wanted }, (_, index) => first + index);
};

/** What one test may take that goes through all of these seeds, ms: a run takes up to 0.2 s, and machines are busy. */
export const limitFor = (all: readonly number[]): number => 10_000 + 2_000 * all.length;
