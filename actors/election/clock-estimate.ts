/**
 * A peer's wall clock against ours, measured by probes and their answers (RFC 5905 §8). It tells delay from skew: a
 * peer whose clock is wrong is measured, named to the operator and understood; what was kept back or sent from a
 * clock that jumped is refused.
 */
export interface ClockEstimate {
  /** Their clock minus ours, ms; null before the first answer. */
  readonly offsetMs: number | null;
  readonly roundTripMs: number | null;
  /** Newest last. */
  readonly samples: readonly ClockSample[];
}

export interface ClockSample {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

export const NO_ESTIMATE: ClockEstimate = { offsetMs: null, roundTripMs: null, samples: [] };

/** The sample with the shortest round trip of the last eight counts: at one probe a second, eight seconds of memory. */
const KEPT_SAMPLES = 8;
/** A sample that disagrees with the estimate by more than its round trip explains, and by this, shows a clock that stepped. */
const STEP_MS = 250;

/**
 * @param elapsedMs from sending the probe to its answer, on our monotonic clock
 * @param receivedAtMs, answeredAtMs the peer's wall clock at the probe's arrival and at the answer
 * @param nowWallMs our wall clock now
 */
export const clockSample = (
  elapsedMs: number,
  receivedAtMs: number,
  answeredAtMs: number,
  nowWallMs: number,
): ClockSample => ({
  offsetMs: (receivedAtMs - (nowWallMs - elapsedMs) + (answeredAtMs - nowWallMs)) / 2,
  roundTripMs: Math.max(0, elapsedMs - Math.max(0, answeredAtMs - receivedAtMs)),
});

export const withSample = (estimate: ClockEstimate, sample: ClockSample): ClockEstimate => {
  const stepped =
    estimate.offsetMs !== null &&
    Math.abs(sample.offsetMs - estimate.offsetMs) > sample.roundTripMs / 2 + STEP_MS;
  const samples = [...(stepped ? [] : estimate.samples), sample].slice(-KEPT_SAMPLES);
  const best = samples.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a));
  return { offsetMs: best.offsetMs, roundTripMs: sample.roundTripMs, samples };
};

export type Age = 'current' | 'stale' | 'future';

/**
 * How old a datagram is by its own time, after the measured offset. Before one is measured the clocks are taken as
 * equal: a peer with a wrong clock is then refused until its first answered probe, which needs no time to be trusted.
 */
export const ageOf = (
  estimate: ClockEstimate,
  sentAtMs: number,
  nowWallMs: number,
  toleranceMs: number,
): Age => {
  const age = nowWallMs - (sentAtMs - (estimate.offsetMs ?? 0));
  if (age > toleranceMs) return 'stale';
  return age < -toleranceMs ? 'future' : 'current';
};

/** Whether the measured skew is one that the operator must hear of. */
export const isSkewed = (estimate: ClockEstimate, toleranceMs: number): boolean =>
  estimate.offsetMs !== null && Math.abs(estimate.offsetMs) > toleranceMs;
