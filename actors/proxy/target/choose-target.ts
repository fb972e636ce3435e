/** One target at the moment of a choice. */
export interface Candidate {
  /** Requests and raw connections that are under way there. */
  readonly outstanding: number;
  /** How much of the whole it may have: 0 nothing, 1 what it can take. */
  readonly weight: number;
}

/**
 * Where the next request goes: to the target that has the least under way for its weight, so that one that answers slowly
 * gets less and one that hangs soon gets nothing. Looking at all of them costs nothing at 16 targets, and is never as far
 * off as the better of two random ones. Those that are equal take turns.
 *
 * @param mayTake whether the candidate at that place may be chosen at all
 * @param turn a counter that grows with each choice
 * @returns the place of the chosen one; null when none may have anything
 */
export const chooseTarget = (
  candidates: readonly Candidate[],
  mayTake: (index: number) => boolean,
  turn: number,
): number | null => {
  let best: number | null = null;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (let step = 0; step < candidates.length; step++) {
    const index = (turn + step) % candidates.length;
    const candidate = candidates[index];
    if (candidate === undefined || candidate.weight <= 0 || !mayTake(index)) continue;
    const load = (candidate.outstanding + 1) / candidate.weight;
    if (load < bestLoad) {
      best = index;
      bestLoad = load;
    }
  }
  return best;
};
