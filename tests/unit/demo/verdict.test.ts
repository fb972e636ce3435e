import { describe, expect, it } from 'vitest';
import { shortcomings } from '../../demo/verdict.js';
import type { Page, Seen } from '../../demo/verdict.js';

const pages = (...nodes: readonly (string | null)[]): Page[] =>
  nodes.map((node) => ({ ok: node !== null, node: node ?? undefined }));

const many = (count: number, node: string | null): (string | null)[] =>
  Array.from({ length: count }, () => node);

const well: Seen = {
  before: pages(...many(5, 'alpha'), ...many(5, 'beta'), ...many(4, 'gamma'), null),
  returning: pages(...many(5, 'beta'), ...many(4, 'gamma'), ...many(11, null)),
  newcomers: pages(...many(4, 'beta'), ...many(5, 'gamma'), null),
  afterRestart: pages('gamma', 'beta'),
  survivors: ['beta', 'gamma'],
  restarted: 'beta',
};

describe('the verdict on the demo', () => {
  it('is good when one page of 15 was lost before the power cut, one of 10 after it, and some of those who came back', () => {
    expect(shortcomings(well)).toEqual([]);
  });

  it('names a second page that was lost before the power cut', () => {
    expect(shortcomings({ ...well, before: pages(...many(13, 'alpha'), null, null) })).toEqual([
      'pages before the power cut: 13 of 15 answered, must be at least 14',
    ]);
  });

  it('names a second page that a new visitor lost', () => {
    const newcomers = pages(...many(8, 'gamma'), null, null);
    expect(shortcomings({ ...well, newcomers })).toEqual([
      'new visitors after the take-over: 8 of 10 answered, must be at least 9',
    ]);
  });

  it('names it when too few of those who came back were answered', () => {
    const returning = pages(...many(5, 'beta'), ...many(15, null));
    expect(shortcomings({ ...well, returning })).toEqual([
      'returning visitors: 5 of 20 answered, must be at least 6',
    ]);
  });

  it('names a survivor that has not answered since the power cut, whatever it did before', () => {
    const beta = pages(...many(20, 'beta'));
    const quiet = { ...well, returning: beta, newcomers: beta, afterRestart: pages('beta') };
    expect(shortcomings(quiet)).toEqual(['gamma has survived and answered no page since']);
  });

  it('names the node that does not answer after its actor was killed, though others do', () => {
    expect(shortcomings({ ...well, afterRestart: pages('gamma', null, 'gamma') })).toEqual([
      'beta answered none of 3 pages after its actor was killed',
    ]);
  });

  it('is bad in every way when no page was answered', () => {
    const none = pages(...many(15, null));
    const all = { before: none, returning: none, newcomers: none, afterRestart: none };
    expect(shortcomings({ ...well, ...all })).toHaveLength(6);
  });

  it('is bad in every way when no page was asked for', () => {
    const all = { before: [], returning: [], newcomers: [], afterRestart: [] };
    expect(shortcomings({ ...well, ...all })).toHaveLength(6);
  });
});
