import { expect, test } from 'vitest';
import { SimulatedTree, childSpec, groupSpec, oneForOne, restForOne, treeSpec } from './simulated-tree.js';

test('one_for_one: a child that dies is started again at once, as a new generation, and nobody else is touched', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b', 'c'));
  const before = tree.deeds().length;
  tree.crash('b');
  expect(tree.deedsSince(before)).toEqual(['load b#2', 'begin b#2']);
  expect(tree.lives()).toEqual({ a: 'up', b: 'up', c: 'up' });
  expect(tree.reports('child_terminated')).toMatchObject([
    { child: 'b', generation: 1, error: { code: 'actor.crashed' } },
  ]);
});

test('restarts in a row wait longer and longer; a life of the minimum uptime forgets that', () => {
  const tree = SimulatedTree.booted(treeSpec([groupSpec('g', [childSpec('a')], { intensity: 9 })]));
  const waits: number[] = [];
  const crashAndMeasure = (): void => {
    tree.crash('a');
    const from = tree.now;
    while (tree.at('a') !== 'up') tree.pass(1);
    waits.push(tree.now - from);
  };
  for (let i = 0; i < 6; i++) crashAndMeasure();
  expect(waits).toEqual([0, 100, 200, 400, 800, 1_000]);
  tree.pass(4_999);
  crashAndMeasure();
  tree.pass(5_000);
  crashAndMeasure();
  expect(waits.slice(6)).toEqual([1_000, 0]);
});

test('the delay between restarts is spread by chance, so that nodes do not act in step', () => {
  const spec = treeSpec([
    groupSpec('g', [childSpec('a')], { backoff: { baseMs: 100, capMs: 1_000, jitter: 0.25 } }),
  ]);
  const waitWith = (uniform: number): number => {
    const tree = new SimulatedTree(spec, uniform);
    tree.dispatch({ kind: 'boot' });
    tree.crash('a');
    tree.crash('a');
    return [...tree.state.plans][0]!.dueAt - tree.now;
  };
  expect([waitWith(0), waitWith(0.5), waitWith(0.75)]).toEqual([75, 100, 112.5]);
});

test('a restart that fails counts as a restart, and is tried again', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.manners.set('a', 'slow');
  tree.crash('a');
  tree.pass(1_000);
  expect(tree.reports('start_error')).toMatchObject([{ child: 'a', generation: 2, restartsInPeriod: 1 }]);
  tree.manners.set('a', 'well');
  tree.pass(100);
  expect(tree.at('a')).toBe('up');
  expect(tree.generation('a')).toBe(3);
  expect(tree.state.children.get('a')?.restarts).toBe(2);
});

test('a drained event loop (exit 0, unannounced) is a crash', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.exit('a', 1, 0);
  expect(tree.reports('child_terminated')[0]?.error).toMatchObject({
    code: 'actor.exited',
    detail: { code: 0 },
  });
  expect(tree.generation('a')).toBe(2);
});

test('a permanent child that ends in order is started again all the same', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.dispatch({ kind: 'finished', id: 'a', generation: 1 });
  tree.exit('a', 1, 0);
  expect(tree.generation('a')).toBe(2);
});

test('a transient child is started again when it crashed, not when it has done its work', () => {
  const tree = SimulatedTree.booted(treeSpec([groupSpec('g', [childSpec('job', { restart: 'transient' })])]));
  tree.crash('job');
  expect(tree.generation('job')).toBe(2);
  tree.dispatch({ kind: 'finished', id: 'job', generation: 2 });
  tree.exit('job', 2, 0);
  tree.pass(60_000);
  expect([tree.at('job'), tree.generation('job')]).toEqual(['down', 2]);
  expect(tree.end()).toBeNull();
});

test('a stale event of an earlier generation changes nothing', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.crash('a');
  const before = tree.state;
  tree.dispatch({ kind: 'exited', id: 'a', generation: 1, code: 1 });
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: false });
  tree.dispatch({ kind: 'exited', id: 'nobody', generation: 1, code: 1 });
  expect(tree.state).toEqual(before);
});

test('rest_for_one: the later children stop in reverse before the dead one, and they, start in order', () => {
  const tree = SimulatedTree.booted(restForOne('a', 'b', 'c', 'd'));
  const before = tree.deeds().length;
  tree.crash('b');
  expect(tree.deedsSince(before)).toEqual([
    'ask-stop d#1',
    'ask-stop c#1',
    'load b#2',
    'begin b#2',
    'load c#2',
    'begin c#2',
    'load d#2',
    'begin d#2',
  ]);
});

test('rest_for_one: a sibling whose restart fails is where the next try goes on', () => {
  const tree = SimulatedTree.booted(restForOne('a', 'b', 'c'));
  tree.manners.set('b', 'slow');
  tree.crash('a');
  const before = tree.deeds().length;
  tree.pass(999);
  tree.manners.set('b', 'well');
  tree.pass(1);
  expect(tree.deedsSince(before)).toEqual([
    'terminate b#2',
    'load b#3',
    'begin b#3',
    'load c#2',
    'begin c#2',
  ]);
});

test('rest_for_one: an earlier child that dies during a restart takes that restart into its own', () => {
  const tree = SimulatedTree.booted(restForOne('a', 'b', 'c'));
  tree.manners.set('b', 'slow');
  tree.crash('b');
  tree.manners.set('b', 'well');
  const before = tree.deeds().length;
  tree.crash('a');
  expect(tree.deedsSince(before)).toEqual([
    'terminate b#2',
    'load a#2',
    'begin a#2',
    'load b#3',
    'begin b#3',
    'load c#2',
    'begin c#2',
  ]);
  expect(tree.liveThreads()).toEqual(['a#2', 'b#3', 'c#2']);
});
