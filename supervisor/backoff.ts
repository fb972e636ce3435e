/** Delays between restarts: none before the first, then doubling up to a cap. */
export interface BackoffSpec {
  readonly baseMs: number;
  readonly capMs: number;
  /** Part of a delay that is random: 0.25 makes it 0.75 to 1.25 of its nominal length. */
  readonly jitter: number;
}

const nominalMs = ({ baseMs, capMs }: BackoffSpec, attempt: number): number =>
  attempt <= 1 ? 0 : Math.min(capMs, baseMs * 2 ** (attempt - 2));

/**
 * Delay before the restart number `attempt`, from 1, since the child last lived long enough.
 *
 * @param uniform random, in [0, 1)
 */
export const restartDelayMs = (backoff: BackoffSpec, attempt: number, uniform: number): number =>
  nominalMs(backoff, attempt) * (1 + backoff.jitter * (2 * uniform - 1));

/** The most that the first `attempts` delays together can take. */
export const longestDelaysMs = (backoff: BackoffSpec, attempts: number): number => {
  let sum = 0;
  for (let attempt = 1; attempt <= attempts; attempt++)
    sum += nominalMs(backoff, attempt) * (1 + backoff.jitter);
  return sum;
};
