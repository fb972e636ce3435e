import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { expect, test } from 'vitest';
import { SimulatedTree, oneForOne } from './simulated-tree.js';

test('a tree, booted, loads every thread at once and begins them in order, each after the one before is ready', () => {
  const tree = new SimulatedTree(oneForOne('a', 'b', 'c'));
  tree.manners.set('b', 'slow');
  tree.dispatch({ kind: 'boot' });
  expect(tree.deeds()).toEqual(['load a#1', 'load b#1', 'load c#1', 'begin a#1', 'begin b#1']);
  tree.ready('b');
  expect(tree.deeds().at(-1)).toBe('begin c#1');
  expect(tree.effects.at(-1)).toEqual({ kind: 'all-ready' });
  expect(tree.reports('progress').map(({ child }) => child)).toEqual(['a', 'b', 'c']);
});

test('a tree, booted, starts its foremost children at once and gives them the cores to themselves', () => {
  const tree = new SimulatedTree({ ...oneForOne('a', 'b', 'c', 'd'), foremost: 2 });
  tree.manners.set('b', 'slow');
  tree.dispatch({ kind: 'boot' });
  tree.dispatch({ kind: 'tick' });
  expect(tree.deeds()).toEqual(['load a#1', 'begin a#1', 'load b#1', 'begin b#1']);
  tree.ready('b');
  expect(tree.deedsSince(4)).toEqual(['load c#1', 'load d#1', 'begin c#1', 'begin d#1']);
});

test('a first start, failing before the others have loaded, leaves them alone', () => {
  const tree = new SimulatedTree({ ...oneForOne('a', 'b', 'c'), foremost: 2 });
  tree.manners.set('b', 'broken');
  tree.dispatch({ kind: 'boot' });
  expect(tree.deeds()).toEqual(['load a#1', 'begin a#1', 'load b#1', 'begin b#1', 'ask-stop a#1']);
  expect(tree.end()).toEqual({ code: 1, forced: false });
});

test('a first start, failing, is not tried again: what has started stops in reverse and the failing one is named', () => {
  const tree = new SimulatedTree(oneForOne('a', 'b', 'c', 'd'));
  tree.manners.set('c', 'broken');
  tree.dispatch({ kind: 'boot' });
  expect(tree.deedsSince(4)).toEqual([
    'begin a#1',
    'begin b#1',
    'begin c#1',
    'terminate d#1',
    'ask-stop b#1',
    'ask-stop a#1',
  ]);
  expect(tree.reports('start_error')).toMatchObject([{ child: 'c', error: { code: 'actor.crashed' } }]);
  expect(tree.end()).toEqual({ code: 1, forced: false });
  expect(tree.liveThreads()).toEqual([]);
});

test('a first start, failing for a configuration error, ends with the code that systemd does not restart', () => {
  const tree = new SimulatedTree(oneForOne('a', 'b'));
  tree.manners.set('b', 'slow');
  tree.dispatch({ kind: 'boot' });
  const error = errorData('config.missing', 'config.toml', { key: 'node.id', description: '' });
  tree.dispatch({ kind: 'failing', id: 'b', generation: 1, error });
  tree.dispatch({
    kind: 'failing',
    id: 'b',
    generation: 1,
    error: errorData('actor.crashed', 'b', { actor: 'b', message: 'uncaught' }),
  });
  tree.exit('b', 1, 1);
  expect(tree.reports('start_error')[0]?.error?.code).toBe('config.missing');
  expect(tree.end()).toEqual({ code: 78, forced: false });
});

test('a first start, not ready within its deadline, ends the tree', () => {
  const tree = new SimulatedTree(oneForOne('a', 'b'));
  tree.manners.set('b', 'slow');
  tree.dispatch({ kind: 'boot' });
  tree.pass(999);
  expect(tree.end()).toBeNull();
  tree.pass(1);
  expect(tree.reports('start_error')[0]?.error?.code).toBe('actor.start-timeout');
  expect(tree.end()).toEqual({ code: 1, forced: false });
});

test('a thread that dies while it loads its code, before its turn, fails the first start', () => {
  const tree = new SimulatedTree(oneForOne('a', 'b'));
  tree.manners.set('a', 'slow');
  tree.dispatch({ kind: 'boot' });
  tree.crash('b', 'Cannot find module');
  expect(tree.reports('start_error')).toMatchObject([{ child: 'b' }]);
  expect(tree.end()).toEqual({ code: 1, forced: false });
});

test('an actor of another message version is refused', () => {
  const tree = new SimulatedTree(oneForOne('a'));
  tree.manners.set('a', 'slow');
  tree.dispatch({ kind: 'boot' });
  tree.dispatch({ kind: 'ready', id: 'a', generation: 1, version: 99 });
  expect(tree.reports('start_error')[0]?.error?.code).toBe('actor.wrong-version');
  expect(tree.end()).toEqual({ code: 1, forced: false });
});

test('a stop request during the first start unwinds it and ends well', () => {
  const tree = new SimulatedTree(oneForOne('a', 'b', 'c'));
  tree.manners.set('b', 'slow');
  tree.dispatch({ kind: 'boot' });
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.deedsSince(5)).toEqual(['terminate c#1', 'terminate b#1', 'ask-stop a#1']);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});
