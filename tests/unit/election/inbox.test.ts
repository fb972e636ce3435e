import { describe, expect, test } from 'vitest';
import { slicedInbox } from '@rustbalance/actors/election/inbox.js';
import type { CancelTimer } from '@rustbalance/actors/kernel/clock.js';

/** A loop whose time passes by work alone: each item costs a millisecond. */
class BusyLoop {
  nowMs = 0;
  readonly handled: number[] = [];
  turns: (() => void)[] = [];
  readonly inbox = slicedInbox<number>(
    {
      monotonicMs: () => this.nowMs,
      after: (_delayMs, fire): CancelTimer => {
        this.turns.push(fire);
        return () => {
          this.turns = this.turns.filter((one) => one !== fire);
        };
      },
    },
    (item) => {
      this.nowMs += 1;
      this.handled.push(item);
    },
  );

  takes(count: number): number {
    return Array.from({ length: count }, (_, i) => this.inbox.take(i)).filter((isTaken) => isTaken).length;
  }

  /** The next turn of the loop; how much it handled. */
  turn(): number {
    const before = this.handled.length;
    this.turns.shift()?.();
    return this.handled.length - before;
  }
}

describe('datagrams that a thread is given all at once', () => {
  test('are handled at once, as long as they take little time', () => {
    const loop = new BusyLoop();
    expect(loop.takes(3)).toBe(3);
    expect(loop.handled).toEqual([0, 1, 2]);
    expect(loop.turns).toEqual([]);
  });

  test('never hold the loop for longer than five milliseconds, and keep their order', () => {
    const loop = new BusyLoop();
    loop.takes(1000);
    expect(loop.handled.length).toBe(5);
    while (loop.turns.length > 0) expect(loop.turn()).toBeLessThanOrEqual(5);
    expect(loop.handled).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  test('are dropped beyond 2,000 that wait, and taken again when fewer do', () => {
    const loop = new BusyLoop();
    expect(loop.takes(5000)).toBe(2005);
    expect(loop.inbox.take(1)).toBe(false);
    loop.turn();
    expect(loop.inbox.take(1)).toBe(true);
  });

  test('are forgotten when the actor ends', () => {
    const loop = new BusyLoop();
    loop.takes(100);
    loop.inbox.close();
    expect(loop.turns).toEqual([]);
    expect(loop.inbox.take(1)).toBe(false);
    expect(loop.handled.length).toBe(5);
  });
});

test('Datagrams that come one by one, with pauses between, never wait', () => {
  const loop = new BusyLoop();
  for (let i = 0; i < 50; i++) {
    loop.takes(2);
    loop.nowMs += 3;
  }
  expect(loop.handled.length).toBe(100);
  expect(loop.turns).toEqual([]);
});
