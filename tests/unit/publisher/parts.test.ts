import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pointFault } from '@rustbalance/actors/publisher/contributions.js';
import { forgetOld, nextCounterInput, raised } from '@rustbalance/actors/publisher/counter-fence.js';
import { commonLines } from '@rustbalance/actors/publisher/protocol-lines.js';
import { revisionCounterOf } from '@rustbalance/actors/publisher/read-back.js';
import { START_MS, point } from './world.js';

const secs = (n: number) => n as Parameters<typeof nextCounterInput>[2];
const period = (n: number) => n as Parameters<typeof nextCounterInput>[1];

describe('the counter fence', () => {
  it('gives an n above every n used or seen, whatever the clock says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1e6 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 20 }),
        (seen, clockReadings) => {
          let fence = raised(
            new Map(),
            seen.map((n) => ({ timePeriod: period(7), n })),
          );
          let highest = Math.max(0, ...seen);
          for (const now of clockReadings) {
            const n = nextCounterInput(fence, period(7), secs(0), secs(now));
            expect(n).toBeGreaterThan(highest);
            highest = n;
            fence = raised(fence, [{ timePeriod: period(7), n }]);
          }
        },
      ),
    );
  });

  it('counts seconds since the start of the run plus one, as Tor does', () => {
    expect(nextCounterInput(new Map(), period(7), secs(1_000), secs(1_000))).toBe(1);
    expect(nextCounterInput(new Map(), period(7), secs(1_000), secs(1_059))).toBe(60);
  });

  it('forgets periods that are over', () => {
    const fence = raised(
      new Map(),
      [5, 6, 7].map((p) => ({ timePeriod: period(p), n: 1 })),
    );
    expect([...forgetOld(fence, period(6)).keys()]).toEqual([6, 7]);
  });
});

describe("the nodes' protocol lines", () => {
  const line = (flowControl: string | null, create2Formats: readonly number[] = [2]) => ({
    create2Formats,
    flowControl,
  });

  it('are what all of them can do', () => {
    expect(commonLines([line('1-2 31'), line('1-2 31')]).flowControl).toBe('1-2 31');
    expect(commonLines([line('1-2 31'), line('2-3 31')]).flowControl).toBe('2 31');
    expect(commonLines([line('1-2 31'), line('3-4 31')]).flowControl).toBeNull();
    expect(commonLines([line('1-2 31'), line('1-2 32')]).flowControl).toBeNull();
    expect(commonLines([line('1-2 31'), line(null)]).flowControl).toBeNull();
    expect(commonLines([line('1-2 31'), line('nonsense')]).flowControl).toBeNull();
    expect(commonLines([line(null, [2, 3]), line(null, [3, 2, 4])]).create2Formats).toEqual([2, 3]);
  });

  it('fall back to ntor when nothing is common, or nobody spoke', () => {
    expect(commonLines([line(null, [3]), line(null, [4])]).create2Formats).toEqual([2]);
    expect(commonLines([])).toEqual({ create2Formats: [2], flowControl: null });
  });
});

describe("a peer's introduction point", () => {
  const now = (START_MS / 1000) as Parameters<typeof pointFault>[2];
  const known = () => true;

  it('is refused when it cannot be used', () => {
    expect(pointFault(point(10), known, now)).toBeNull();
    expect(pointFault(point(10), () => false, now)).toBe('relay-not-in-consensus');
    expect(pointFault(point(10, Number(now)), known, now)).toBe('expired');
    expect(pointFault({ ...point(10), linkSpecifiers: [] }, known, now)).toBe('no-relay-identity');
    const zero = new Uint8Array(32) as never;
    expect(pointFault({ ...point(10), encKey: zero }, known, now)).toBe('malformed-key');
    expect(pointFault({ ...point(10), authKey: new Uint8Array(31).fill(1) as never }, known, now)).toBe(
      'malformed-key',
    );
  });
});

describe("a fetched descriptor's revision counter", () => {
  it('is read from the outer layer, or not at all', () => {
    expect(revisionCounterOf('hs-descriptor 3\nrevision-counter 18446744073709551615\n')).toBe(
      18446744073709551615n,
    );
    expect(revisionCounterOf('revision-counter -1\n')).toBeNull();
    expect(revisionCounterOf('revision-counter 1 2\n')).toBeNull();
    expect(revisionCounterOf('')).toBeNull();
  });
});
