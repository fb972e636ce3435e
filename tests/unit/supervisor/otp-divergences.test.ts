/** Where a known JavaScript supervisor was measured to depart from OTP. None of it may happen here. */
import { expect, test } from 'vitest';
import { specProblem } from '@rustbalance/supervisor/spec-validation.js';
import { SimulatedTree, childSpec, groupSpec, oneForOne, restForOne, treeSpec } from './simulated-tree.js';

test('intensity exceeded: no sibling keeps running, and the failure is an orderly end with a reason', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b', 'c'));
  for (let i = 0; i < 4; i++) {
    tree.crash('a');
    tree.pass(2_000);
  }
  expect(tree.liveThreads()).toEqual([]);
  expect(tree.reports('shutdown')[0]?.error?.code).toBe('supervisor.gave-up');
  expect(tree.end()).toEqual({ code: 70, forced: false });
});

test('a temporary child is stopped as collateral of a sibling and never started again', () => {
  const tree = SimulatedTree.booted(
    treeSpec([
      groupSpec('g', [childSpec('a'), childSpec('b'), childSpec('t', { restart: 'temporary' })], {
        strategy: 'rest_for_one',
      }),
    ]),
  );
  tree.crash('a');
  tree.pass(60_000);
  expect(tree.lives()).toEqual({ a: 'up', b: 'up', t: 'down' });
  expect(tree.generation('t')).toBe(1);
});

test('two children that die in the same moment are each started again once, and a stop leaves no orphans', () => {
  const tree = SimulatedTree.booted(restForOne('a', 'b', 'c'));
  tree.threads.get('c')?.delete(1);
  tree.crash('a');
  tree.dispatch({ kind: 'exited', id: 'c', generation: 1, code: 1 });
  tree.pass(10_000);
  expect(tree.liveThreads()).toEqual(['a#2', 'b#2', 'c#2']);
  expect(tree.deeds().filter((deed) => deed.startsWith('load'))).toHaveLength(6);
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.liveThreads()).toEqual([]);
});

test('a child that we stop ourselves, as collateral, is no failure: it neither counts nor ends the tree', () => {
  const tree = SimulatedTree.booted(restForOne('a', 'b'));
  for (let i = 0; i < 3; i++) {
    tree.crash('a');
    tree.pass(5_000);
  }
  expect(tree.reports('child_terminated').map(({ child }) => child)).toEqual(['a', 'a', 'a']);
  expect(tree.lives()).toEqual({ a: 'up', b: 'up' });
  expect(tree.end()).toBeNull();
});

test.each([
  [
    'two children of one name',
    treeSpec([groupSpec('g', [childSpec('a')]), groupSpec('h', [childSpec('a')])]),
  ],
  ['two groups of one name', treeSpec([groupSpec('g', [childSpec('a')]), groupSpec('g', [childSpec('b')])])],
  [
    'a temporary child that later ones depend on',
    treeSpec([
      groupSpec('g', [childSpec('a', { restart: 'temporary' }), childSpec('b')], {
        strategy: 'rest_for_one',
      }),
    ]),
  ],
  ['a group without children', treeSpec([groupSpec('g', [])])],
  ['no groups', treeSpec([])],
  ['a negative intensity', treeSpec([groupSpec('g', [childSpec('a')], { intensity: -1 })])],
  ['a deadline of zero', treeSpec([groupSpec('g', [childSpec('a', { shutdownMs: 0 })])])],
  ['half a foremost child', { ...oneForOne('a'), foremost: 0.5 }],
  ['an endless ping', { ...oneForOne('a'), pingTimeoutMs: Number.NaN }],
])('an impossible combination is refused at load: %s', (_name, spec) => {
  expect(specProblem(spec)?.code).toBe('supervisor.bad-spec');
});
