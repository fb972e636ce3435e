import { ANSWERS_REMEMBERED, ANSWER_MARGIN, LONGEST_ANSWER_MS, SHORTEST_ANSWER_MS } from './pace.js';

/** How long HSDirs took to answer lately, which tells how long the next answer is worth waiting for. */
export class AnswerTimes {
  #last: readonly number[] = [];

  /** Takes the time (ms) from an upload to its answer, acceptance or refusal. */
  note(tookMs: number): void {
    this.#last = [...this.#last, tookMs].slice(-ANSWERS_REMEMBERED);
  }

  /** How long (ms) an upload waits for its answer. */
  get deadlineMs(): number {
    if (this.#last.length < ANSWERS_REMEMBERED / 2) return LONGEST_ANSWER_MS;
    const expected = ANSWER_MARGIN * Math.max(...this.#last);
    return Math.min(LONGEST_ANSWER_MS, Math.max(SHORTEST_ANSWER_MS, expected));
  }
}
