/**
 * The seeds of a simulated property: the first `count`, or as many as RB_SIMULATION_SEEDS says, from
 * RB_SIMULATION_FIRST on. A failing seed stands in the test's name; to run it alone:
 * RB_SIMULATION_FIRST=<seed> RB_SIMULATION_SEEDS=1.
 */
export const seeds = (count: number): readonly number[] => {
  const wanted = Number(process.env['RB_SIMULATION_SEEDS'] ?? count);
  const first = Number(process.env['RB_SIMULATION_FIRST'] ?? 1);
  return Array.from({ length: wanted }, (_, index) => first + index);
};
