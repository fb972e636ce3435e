/** Restart times of a group (monotonic ms, ascending) that still count at `now`. */
export const withinPeriod = (times: readonly number[], now: number, periodMs: number): readonly number[] =>
  times.filter((time) => now - time <= periodMs);
