import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { expect, test } from 'vitest';
import { SimulatedTree, oneForOne, restForOne } from './simulated-tree.js';

const TOLD_TO_END = errorData('supervisor.told-to-end', 'health', { reason: 'a test' });

test.each<[string, SimulatedTree, (tree: SimulatedTree) => void, readonly string[]]>([
  [
    'a child is replaced',
    SimulatedTree.booted(oneForOne('a', 'b')),
    (tree) => {
      tree.dispatch({ kind: 'replace', id: 'a' });
    },
    ['a replace'],
  ],
  [
    'a child goes down with its sibling and is started again',
    SimulatedTree.booted(restForOne('a', 'b', 'c')),
    (tree) => {
      tree.crash('a');
      tree.pass(1_000);
    },
    ['c replace', 'b replace'],
  ],
  [
    'the process is to stop',
    SimulatedTree.booted(oneForOne('a', 'b')),
    (tree) => {
      tree.dispatch({ kind: 'stop-requested' });
    },
    ['b shutdown', 'a shutdown'],
  ],
  [
    'the process is to stop after a child was replaced',
    SimulatedTree.booted(oneForOne('a', 'b')),
    (tree) => {
      tree.dispatch({ kind: 'replace', id: 'b' });
      tree.dispatch({ kind: 'stop-requested' });
    },
    ['b replace', 'b shutdown', 'a shutdown'],
  ],
  [
    'the repair engine gives up',
    SimulatedTree.booted(oneForOne('a', 'b')),
    (tree) => {
      tree.dispatch({ kind: 'give-up-ordered', error: TOLD_TO_END });
    },
    ['b shutdown', 'a shutdown'],
  ],
  [
    'another child fails too often',
    SimulatedTree.booted(oneForOne('a', 'b')),
    (tree) => {
      for (let crash = 0; crash < 4; crash++) {
        tree.crash('b');
        tree.pass(1_000);
      }
    },
    ['a shutdown'],
  ],
  [
    'another child cannot start',
    new SimulatedTree(oneForOne('a', 'b')),
    (tree) => {
      tree.manners.set('b', 'broken');
      tree.dispatch({ kind: 'boot' });
    },
    ['a shutdown'],
  ],
])('a child that is asked to stop since %s is told whether another follows', (_why, tree, happen, asked) => {
  happen(tree);
  expect(tree.stopReasons()).toEqual(asked);
});

test('a child that is replaced stops in order and starts at once, and its sibling notices nothing', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  const before = tree.deeds().length;
  tree.dispatch({ kind: 'replace', id: 'a' });
  expect(tree.deedsSince(before)).toEqual(['ask-stop a#1', 'load a#2', 'begin a#2']);
  expect(tree.lives()).toEqual({ a: 'up', b: 'up' });
});

test('replacing is no failure: neither intensity nor back-off know of it', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  for (let i = 0; i < 20; i++) tree.dispatch({ kind: 'replace', id: 'a' });
  expect(tree.generation('a')).toBe(21);
  expect(tree.state.children.get('a')).toMatchObject({ restarts: 0, shortLives: 0, lastError: null });
  expect(tree.end()).toBeNull();
});

test('a child that does not stop when replaced is terminated, and replaced', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.manners.set('a', 'deaf');
  tree.dispatch({ kind: 'replace', id: 'a' });
  expect(tree.at('a')).toBe('ending');
  tree.pass(500);
  expect(tree.lives()).toEqual({ a: 'up' });
  expect(tree.generation('a')).toBe(2);
});

test('a child that waits for its restart keeps its back-off', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.crash('a');
  tree.crash('a');
  expect(tree.at('a')).toBe('down');
  tree.dispatch({ kind: 'replace', id: 'a' });
  expect(tree.at('a')).toBe('down');
  tree.pass(1_000);
  expect(tree.lives()).toEqual({ a: 'up' });
});

test('a stop that comes while a child is being replaced waits for the next one, which then takes leave', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'deaf');
  tree.dispatch({ kind: 'replace', id: 'b' });
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.lives()).toEqual({ a: 'up', b: 'ending' });
  tree.manners.set('b', 'well');
  tree.pass(500);
  expect(tree.stopReasons()).toEqual(['b replace', 'b shutdown', 'a shutdown']);
  expect(tree.generation('b')).toBe(2);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});

test('a stop waits for nobody who fails while being replaced, nor for ever', () => {
  for (const manner of ['broken', 'slow'] as const) {
    const tree = SimulatedTree.booted(oneForOne('a', 'b'));
    tree.manners.set('b', manner);
    tree.dispatch({ kind: 'replace', id: 'b' });
    tree.dispatch({ kind: 'stop-requested' });
    tree.pass(2_000);
    expect(tree.end(), manner).toEqual({ code: 0, forced: false });
  }
});

test('a second request to stop waits for nothing', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'slow');
  tree.dispatch({ kind: 'replace', id: 'b' });
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.end()).toBeNull();
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.end()).toEqual({ code: 1, forced: true });
});

test('while the tree stops, nothing is replaced', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'deaf');
  tree.dispatch({ kind: 'stop-requested' });
  tree.dispatch({ kind: 'replace', id: 'a' });
  tree.pass(1_000);
  expect(tree.end()).toEqual({ code: 0, forced: false });
  expect(tree.generation('a')).toBe(1);
});
