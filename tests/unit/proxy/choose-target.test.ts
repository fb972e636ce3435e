import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, chooseTarget } from '@rustbalance/actors/proxy/target/choose-target.js';

const candidate = fc.record({
  outstanding: fc.integer({ min: 0, max: 1000 }),
  weight: fc.constantFrom(0, 0.1, 1),
});
const candidates = fc.array(candidate, { maxLength: 16 });
const turns = fc.nat(1_000_000);
const ANY = (): boolean => true;

const loadOf = ({ outstanding, weight }: Candidate): number => (outstanding + 1) / weight;

describe('the choice of a target', () => {
  it('is one that may be taken and has weight, or nobody when there is none', () => {
    fc.assert(
      fc.property(candidates, turns, fc.func(fc.boolean()), (all, turn, mayTake) => {
        const eligible = all.flatMap(({ weight }, index) => (weight > 0 && mayTake(index) ? [index] : []));
        const chosen = chooseTarget(all, mayTake, turn);
        if (eligible.length === 0) expect(chosen).toBeNull();
        else expect(eligible).toContain(chosen);
      }),
    );
  });

  it('is never one that has more under way for its weight than another', () => {
    fc.assert(
      fc.property(candidates, turns, (all, turn) => {
        const chosen = chooseTarget(all, ANY, turn);
        if (chosen === null) return;
        const least = Math.min(...all.filter(({ weight }) => weight > 0).map(loadOf));
        expect(loadOf(all[chosen]!)).toBe(least);
      }),
    );
  });

  it('goes round among those that are equal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), candidate, turns, (count, one, turn) => {
        fc.pre(one.weight > 0);
        const equal = Array.from({ length: count }, () => one);
        const chosen = equal.map((_, step) => chooseTarget(equal, ANY, turn + step));
        expect(new Set(chosen).size).toBe(count);
      }),
    );
  });

  it('leaves a target that hangs with few requests, while the others go on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 16 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 100, max: 2000 }),
        (count, atOnce, requests) => {
          const outstanding = Array.from({ length: count }, () => 0);
          const underWay: number[] = [];
          for (let turn = 0; turn < requests; turn++) {
            const all = outstanding.map((waiting) => ({ outstanding: waiting, weight: 1 }));
            const chosen = chooseTarget(all, ANY, turn)!;
            outstanding[chosen]!++;
            // Target 0 never answers; the others have `atOnce` requests under way and answer the oldest first.
            if (chosen !== 0) underWay.push(chosen);
            if (underWay.length > atOnce) outstanding[underWay.shift()!]!--;
          }
          expect(outstanding[0]).toBeLessThanOrEqual(Math.ceil(atOnce / (count - 1)) + 1);
        },
      ),
    );
  });

  it('gives one that is in doubt about a tenth of what the others get', () => {
    const outstanding = [0, 0];
    for (let turn = 0; turn < 1100; turn++) {
      const all = [
        { outstanding: outstanding[0]!, weight: 1 },
        { outstanding: outstanding[1]!, weight: 0.1 },
      ];
      outstanding[chooseTarget(all, ANY, turn)!]!++;
    }
    expect(outstanding[1]).toBeGreaterThan(80);
    expect(outstanding[1]).toBeLessThan(120);
  });
});
