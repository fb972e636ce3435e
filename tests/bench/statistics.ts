/** What several runs say together. */
export interface Spread {
  readonly runs: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** The q-th quantile by the nearest rank, so that it is always one of the samples. */
export const quantile = (samples: readonly number[], q: number): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
};

export const spread = (samples: readonly number[]): Spread => ({
  runs: samples.length,
  min: quantile(samples, 0),
  median: quantile(samples, 0.5),
  p95: quantile(samples, 0.95),
  max: quantile(samples, 1),
});

/** One line of the written-up figures. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly spread: Spread;
  /** What it must reach, e.g. `median ≤ 8`; null where there is nothing to reach. */
  readonly target: string | null;
  readonly met: boolean | null;
}

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));

export const figureLine = ({ what, unit, spread: s, target, met }: Figure): string =>
  [
    what,
    `${number(s.median)} ${unit}`,
    `${number(s.p95)} ${unit}`,
    `${number(s.min)} … ${number(s.max)}`,
    String(s.runs),
    target ?? '',
    met === null ? '' : met ? 'yes' : '**no**',
  ].join(' | ');

export const figureTable = (figures: readonly Figure[]): string =>
  [
    'figure | median | p95 | min … max | runs | must be | met',
    '--- | --- | --- | --- | --- | --- | ---',
    ...figures.map(figureLine),
  ].join('\n');
