import { describe, expect, it } from 'vitest';
import { shortcomings } from '../../demo/verdict.js';
import type { Page, Seen } from '../../demo/verdict.js';

const pages = (...nodes: readonly (string | null)[]): Page[] =>
  nodes.map((node) => ({ ok: node !== null, node: node ?? undefined }));

const many = (count: number, node: string | null): (string | null)[] =>
  Array.from({ length: count }, () => node);

const well: Seen = {
  before: pages(...many(5, 'alpha'), ...many(5, 'beta'), ...many(4, 'gamma'), null),
  meanwhile: pages(...many(8, 'beta'), ...many(8, 'gamma'), ...many(4, null)),
  afterRestart: pages('gamma', 'beta'),
  survivors: ['beta', 'gamma'],
  restarted: 'beta',
};

describe('the verdict on the demo', () => {
  it('is good when one page of 15 was lost before the power cut and a few meanwhile', () => {
    expect(shortcomings(well)).toEqual([]);
  });

  it('names a second page that was lost before the power cut', () => {
    expect(shortcomings({ ...well, before: pages(...many(13, 'alpha'), null, null) })).toEqual([
      'pages before the power cut: 13 of 15 answered, must be at least 14',
    ]);
  });

  it('names more than a half that was lost meanwhile', () => {
    const meanwhile = pages(...many(5, 'beta'), ...many(4, 'gamma'), ...many(11, null));
    expect(shortcomings({ ...well, meanwhile })).toEqual([
      'pages meanwhile: 9 of 20 answered, must be at least 10',
    ]);
  });

  it('names a survivor that has not answered since the power cut, whatever it did before', () => {
    const quiet = { ...well, meanwhile: pages(...many(20, 'beta')), afterRestart: pages('beta') };
    expect(shortcomings(quiet)).toEqual(['gamma has survived and answered no page since']);
  });

  it('names the node that does not answer after its actor was killed, though others do', () => {
    expect(shortcomings({ ...well, afterRestart: pages('gamma', null, 'gamma') })).toEqual([
      'beta answered none of 3 pages after its actor was killed',
    ]);
  });

  it('is bad in every way when no page was answered', () => {
    const none = pages(...many(15, null));
    expect(shortcomings({ ...well, before: none, meanwhile: none, afterRestart: none })).toHaveLength(5);
  });

  it('is bad in every way when no page was asked for', () => {
    expect(shortcomings({ ...well, before: [], meanwhile: [], afterRestart: [] })).toHaveLength(5);
  });
});
