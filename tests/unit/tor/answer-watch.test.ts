import { describe, expect, it } from 'vitest';
import { ALL_ANSWERED, answerTick } from '@rustbalance/actors/tor/answer-watch.js';

describe('the watch over a Tor that may hang', () => {
  it('asks once a tick while answers come', () => {
    for (let tick = 0; tick < 10; tick++)
      expect(answerTick(ALL_ANSWERED)).toMatchObject({ ask: true, hung: false });
  });

  it('calls it hung after six ticks without an answer, and asks nothing meanwhile', () => {
    let watch = answerTick(ALL_ANSWERED).watch;
    const seen = Array.from({ length: 6 }, () => {
      const verdict = answerTick(watch);
      watch = verdict.watch;
      return [verdict.ask, verdict.hung];
    });
    expect(seen).toEqual([...Array.from({ length: 5 }, () => [false, false]), [false, true]]);
  });

  it('accuses nobody after a pause of the daemon itself, which is one late tick', () => {
    const { watch } = answerTick(ALL_ANSWERED);
    expect(answerTick(watch).hung).toBe(false);
  });
});
