import { describe, expect, it } from 'vitest';
import {
  ALL_ANSWERED,
  answerTick,
  ASK_EVERY_MS,
  HUNG_AFTER_SECS,
} from '@rustbalance/actors/tor/answer-watch.js';

describe('the watch over a Tor that may hang', () => {
  it('asks once a tick while answers come', () => {
    for (let tick = 0; tick < 10; tick++)
      expect(answerTick(ALL_ANSWERED)).toMatchObject({ ask: true, doubted: false, hung: false });
  });

  it('doubts it after 4 s without an answer, calls it hung after 7, and asks nothing meanwhile', () => {
    let { watch } = answerTick(ALL_ANSWERED);
    let doubtedMs = 0;
    for (let ms = ASK_EVERY_MS; ms <= HUNG_AFTER_SECS * 1000; ms += ASK_EVERY_MS) {
      const verdict = answerTick(watch);
      watch = verdict.watch;
      if (verdict.doubted && doubtedMs === 0) doubtedMs = ms;
      expect(verdict.ask).toBe(false);
      expect(verdict.hung).toBe(ms === 7_000);
    }
    expect(doubtedMs).toBe(4_000);
  });

  it('accuses nobody after a pause of the daemon itself, which is one late tick', () => {
    const { watch } = answerTick(ALL_ANSWERED);
    expect(answerTick(watch)).toMatchObject({ doubted: false, hung: false });
  });
});
