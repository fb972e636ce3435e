import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { publisherMachine } from '@rustbalance/actors/publisher/machine.js';
import type { PublisherState, Verdict } from '@rustbalance/actors/publisher/machine.js';

const VERDICTS: Readonly<Record<PublisherState, Verdict>> = {
  standby: { type: 'STAND_BY' },
  waiting: { type: 'WAIT', reason: 'no introduction points' },
  withheld: { type: 'WITHHOLD', reason: 'another publisher' },
  publishing: { type: 'UPLOAD' },
  published: { type: 'COMPLETE' },
  degraded: { type: 'DEGRADE', reason: 'one HSDir of eight' },
};
const STATES = Object.keys(VERDICTS) as PublisherState[];
const pairs = STATES.flatMap((from) => STATES.map((to) => ({ from, to })));

describe("the publisher's state as status and inspect show it", () => {
  test.each(pairs)('is $to at its verdict, after $from', ({ from, to }) => {
    const machine = createActor(publisherMachine).start();
    machine.send(VERDICTS[from]);
    machine.send(VERDICTS[to]);
    const { value, context } = machine.getSnapshot();
    expect(value).toBe(to);
    const verdict = VERDICTS[to];
    expect(context.reason).toBe('reason' in verdict ? verdict.reason : null);
  });

  test('counts a state that was entered, not a verdict that was repeated', () => {
    const machine = createActor(publisherMachine).start();
    for (const state of STATES) {
      const before = machine.getSnapshot().context.entered;
      machine.send(VERDICTS[state]);
      const entered = machine.getSnapshot().context.entered;
      expect(entered - before, state).toBe(1);
      machine.send(VERDICTS[state]);
      expect(machine.getSnapshot().context.entered, state).toBe(entered);
    }
  });
});
