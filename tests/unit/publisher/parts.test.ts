import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assembleOffer } from '@rustbalance/actors/publisher/contributions.js';
import { nextCounterInput, raised, within } from '@rustbalance/actors/publisher/counter-fence.js';
import { commonLines } from '@rustbalance/actors/publisher/protocol-lines.js';
import { revisionCounterOf } from '@rustbalance/actors/publisher/read-back.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { START_MS, network, peer, point } from './world.js';

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

  it('keeps only periods near the present', () => {
    const fence = raised(
      new Map(),
      [5, 6, 7].map((p) => ({ timePeriod: period(p), n: 1 })),
    );
    expect([...within(fence, 6, 6).keys()]).toEqual([6]);
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
    // No descriptor can be built with these, so they must not get that far.
    for (const bad of ['1-200 31', '1-2 0', '1-2 300', '2-1 31']) {
      expect(commonLines([line(bad)]).flowControl).toBeNull();
    }
    expect(commonLines([line(null, [2, 3]), line(null, [3, 2, 4])]).create2Formats).toEqual([2, 3]);
  });

  it('fall back to ntor when nothing is common, or nobody spoke', () => {
    expect(commonLines([line(null, [3]), line(null, [4])]).create2Formats).toEqual([2]);
    expect(commonLines([])).toEqual({ create2Formats: [2], flowControl: null });
  });
});

describe("a peer's introduction point", () => {
  const refusals = (bad: ReturnType<typeof point>) => {
    const now = (START_MS / 1000) as Parameters<typeof assembleOffer>[4];
    const offer = assembleOffer('alpha' as NodeId, null, [peer('beta', [bad])], network().relays, now);
    expect(offer.refused).toHaveLength(1 - offer.contributions.length);
    return offer.refused.map(({ fault }) => fault);
  };

  it('is refused when it cannot be used', () => {
    expect(refusals(point(10))).toEqual([]);
    expect(refusals(point(250))).toHaveLength(1);
    expect(refusals(point(10, START_MS / 1000))).toHaveLength(1);
    expect(refusals({ ...point(10), encKey: new Uint8Array(32) as never })).toHaveLength(1);
  });

  it('is refused when no descriptor that has it could be built', () => {
    const good = point(10);
    const [address, ...identities] = good.linkSpecifiers;
    const short = { type: 0, data: address!.data.subarray(0, 4) };
    expect(refusals({ ...good, linkSpecifiers: [short, ...identities] })).toHaveLength(1);
    expect(refusals({ ...good, linkSpecifiers: [...identities, identities[1]!] })).toHaveLength(1);
    expect(refusals({ ...good, linkSpecifiers: [] })).toHaveLength(1);
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
