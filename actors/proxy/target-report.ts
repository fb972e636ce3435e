/** What was last told about the target, and the counters as they stood then. */
export interface TargetReport {
  readonly failures: number;
  readonly answers: number;
  readonly failing: boolean;
}

export const NOTHING_REPORTED: TargetReport = { failures: 0, answers: 0, failing: false };

export interface DueReport {
  readonly next: TargetReport;
  /** Failures since the last report; 0: no signal. */
  readonly newFailures: number;
  /** The operator is told when the target stops answering and when it answers again, not of each failure. */
  readonly turned: 'failing' | 'answering' | null;
}

/** What is due to be told of the target, from the counters as they stand now. */
export const dueReport = (
  last: TargetReport,
  now: { readonly failures: number; readonly answers: number },
): DueReport => {
  const newFailures = now.failures - last.failures;
  const answered = now.answers > last.answers;
  const failing = newFailures > 0 && !answered ? true : answered && newFailures === 0 ? false : last.failing;
  const turned = failing === last.failing ? null : failing ? 'failing' : 'answering';
  return { next: { failures: now.failures, answers: now.answers, failing }, newFailures, turned };
};

/** The places of the targets that have failed since, and all counts as they stand now. */
export const failedSince = (last: readonly number[], now: readonly number[]): readonly number[] =>
  now.flatMap((count, index) => (count > (last[index] ?? 0) ? [index] : []));
