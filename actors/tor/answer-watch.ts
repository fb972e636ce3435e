/**
 * Does Tor still answer? A Tor that hangs keeps its sockets open and takes introductions that nobody will ever
 * answer, so it must be noticed; a Tor that is merely busy must not be killed.
 */

/** Two questions a second; Tor answers within a millisecond when it is idle. */
export const ASK_EVERY_MS = 500;

/**
 * Ticks without an answer. Counted in ticks of our own loop and not in time, so that a daemon that was itself stopped
 * or starved (one late tick) accuses nobody.
 *
 * Doubted after 4 s: its introduction points are taken back, and another node takes the lease. Tor's loop stalls for a
 * second or two on a small machine; one that answers after all costs two uploads, and a new client that draws a hung
 * node waits a minute or more. Later, the points of a hung publisher would not be out of the descriptor within 10 s.
 * Hung after 7 s: it is killed, which costs all its circuits.
 */
const DOUBTED_TICKS = 8;
const UNANSWERED_TICKS = 14;

export const HUNG_AFTER_SECS = (UNANSWERED_TICKS * ASK_EVERY_MS) / 1000;

export interface AnswerWatch {
  /** Ticks since the question that has no answer yet; null when it is answered. */
  readonly waitingTicks: number | null;
}

export const ALL_ANSWERED: AnswerWatch = { waitingTicks: null };

export interface TickVerdict {
  readonly watch: AnswerWatch;
  readonly ask: boolean;
  readonly doubted: boolean;
  readonly hung: boolean;
}

/** One tick of the watch. */
export const answerTick = ({ waitingTicks }: AnswerWatch): TickVerdict => {
  if (waitingTicks === null) return { watch: { waitingTicks: 0 }, ask: true, doubted: false, hung: false };
  const ticks = waitingTicks + 1;
  return {
    watch: { waitingTicks: ticks },
    ask: false,
    doubted: ticks >= DOUBTED_TICKS,
    hung: ticks >= UNANSWERED_TICKS,
  };
};
