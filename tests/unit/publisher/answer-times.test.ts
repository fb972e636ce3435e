import { describe, expect, it } from 'vitest';
import { AnswerTimes } from '@rustbalance/actors/publisher/answer-times.js';
import {
  ANSWERS_REMEMBERED,
  LONGEST_ANSWER_MS,
  SHORTEST_ANSWER_MS,
} from '@rustbalance/actors/publisher/pace.js';

const after = (answersMs: readonly number[]): number => {
  const times = new AnswerTimes();
  for (const ms of answersMs) times.note(ms);
  return times.deadlineMs;
};
const steady = (ms: number): number[] => new Array<number>(ANSWERS_REMEMBERED).fill(ms);

describe('the wait for an HSDir’s answer', () => {
  it('is the longest while too few answers were seen to know better', () => {
    expect(after([])).toBe(LONGEST_ANSWER_MS);
    expect(after([100, 100, 100])).toBe(LONGEST_ANSWER_MS);
  });

  it('follows the slowest of the last answers', () => {
    expect(after(steady(2_000))).toBe(6_000);
    expect(after([...steady(100), 4_000])).toBe(12_000);
  });

  it('forgets a slow answer after enough quick ones', () => {
    expect(after([9_000, ...steady(1_500)])).toBe(4_500);
  });

  it('stays within its bounds', () => {
    expect(after(steady(5))).toBe(SHORTEST_ANSWER_MS);
    expect(after(steady(60_000))).toBe(LONGEST_ANSWER_MS);
  });
});
