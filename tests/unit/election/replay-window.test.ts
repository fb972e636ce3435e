import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterAccepting, emptyWindow, isFresh } from '@rustbalance/actors/election/wire/replay-window.js';

test('A sequence number is accepted once, in any order, and never after it fell out of the window', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(60), fc.nat(3000), fc.nat(2 ** 40)), { maxLength: 300 }),
      (numbers) => {
        let window = emptyWindow();
        const accepted = new Set<number>();
        let highest = -1;
        for (const number of numbers) {
          const fresh = isFresh(window, number);
          expect(fresh).toBe(!accepted.has(number) && number > highest - 1024);
          if (!fresh) continue;
          window = afterAccepting(window, number);
          accepted.add(number);
          highest = Math.max(highest, number);
        }
      },
    ),
    { numRuns: 200 },
  );
});
