import { expect, test } from 'vitest';
import { SimulatedTree, childSpec, groupSpec, oneForOne, treeSpec } from './simulated-tree.js';

test('a child that fails more often than its intensity allows ends everything, in reverse, with a code of its own', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b', 'c'));
  tree.manners.set('b', 'broken');
  tree.crash('b', 'first');
  tree.pass(60_000);
  expect(tree.reports('reached_max_restart_intensity')).toMatchObject([
    { child: 'b', error: { code: 'supervisor.gave-up', detail: { restarts: 4, actor: 'b' } } },
  ]);
  expect(tree.deeds().slice(-2)).toEqual(['ask-stop c#1', 'ask-stop a#1']);
  expect(tree.end()).toEqual({ code: 70, forced: false });
  expect(tree.generation('b')).toBe(4);
});

test('as many restarts as the intensity allows are borne, and are forgotten after the period', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 3; i++) {
      tree.crash('a');
      tree.pass(10_000);
    }
    tree.pass(60_000);
  }
  expect(tree.end()).toBeNull();
  expect(tree.generation('a')).toBe(10);
});

test('a child that starts well and dies soon, again and again, trips the breaker as well', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  for (let i = 0; i < 4; i++) {
    tree.pass(4_999);
    tree.crash('a');
    while (tree.at('a') === 'down' && tree.end() === null) tree.pass(50);
  }
  expect(tree.end()).toEqual({ code: 70, forced: false });
});

test("one group's failures do not use up another's budget", () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  for (const id of ['a', 'b', 'a', 'b', 'a', 'b']) {
    tree.crash(id);
    tree.pass(5_000);
  }
  expect(tree.end()).toBeNull();
  tree.crash('b');
  expect(tree.end()).toEqual({ code: 70, forced: false });
});

test('children of one group share its budget', () => {
  const tree = SimulatedTree.booted(treeSpec([groupSpec('g', [childSpec('a'), childSpec('b')])]));
  for (const id of ['a', 'b', 'a', 'b']) tree.crash(id);
  expect(tree.end()).toEqual({ code: 70, forced: false });
});
