/**
 * Does Tor still answer? A Tor that hangs keeps its sockets open and takes introductions that nobody will ever
 * answer, so it must be noticed; a Tor that is merely busy must not be killed.
 */

/** One question a second; Tor answers within a millisecond when it is idle. */
export const ASK_EVERY_MS = 1_000;

/**
 * Ticks without an answer after which Tor is taken to hang. Counted in ticks of our own loop and not in time, so that a
 * daemon that was itself stopped or starved (one late tick) accuses nobody. Tor's loop stalls for a second or two on a
 * small machine; a new client that draws a hung node waits a minute or more.
 */
const UNANSWERED_TICKS = 6;

export interface AnswerWatch {
  /** Ticks since the question that has no answer yet; null when it is answered. */
  readonly waitingTicks: number | null;
}

export const ALL_ANSWERED: AnswerWatch = { waitingTicks: null };

export interface TickVerdict {
  readonly watch: AnswerWatch;
  readonly ask: boolean;
  readonly hung: boolean;
}

/** One tick of the watch. */
export const answerTick = ({ waitingTicks }: AnswerWatch): TickVerdict => {
  if (waitingTicks === null) return { watch: { waitingTicks: 0 }, ask: true, hung: false };
  const ticks = waitingTicks + 1;
  return { watch: { waitingTicks: ticks }, ask: false, hung: ticks >= UNANSWERED_TICKS };
};
