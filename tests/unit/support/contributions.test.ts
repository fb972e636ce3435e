import { describe, expect, it } from 'vitest';
import { expectedShares } from '../../support/contributions.js';
import type { LoadSample } from '../../support/stock-client-load.js';

const visit = (startMs: number, ok = true): LoadSample => ({
  dueMs: startMs,
  startMs,
  ms: 200,
  ok,
  node: ok ? 'alpha' : undefined,
  status: ok ? 200 : undefined,
  error: undefined,
});

describe('the share of visits that is to be expected of a node', () => {
  it('is that of its introduction points when each visit began', () => {
    const records = [
      { atMs: 0, points: { alpha: 3, beta: 3 } },
      { atMs: 100, points: { alpha: 3, beta: 1 } },
    ];
    expect(expectedShares([visit(50), visit(150)], records)).toEqual({ alpha: 0.625, beta: 0.375 });
  });

  it('leaves out visits that were not answered', () => {
    const records = [
      { atMs: 0, points: { alpha: 1, beta: 1 } },
      { atMs: 100, points: { alpha: 2 } },
    ];
    expect(expectedShares([visit(50), visit(150, false)], records)).toEqual({ alpha: 0.5, beta: 0.5 });
  });
});
