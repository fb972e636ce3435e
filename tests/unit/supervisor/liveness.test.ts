import { expect, test } from 'vitest';
import { SimulatedTree, oneForOne } from './simulated-tree.js';

const pings = (tree: SimulatedTree): number => tree.effects.filter(({ kind }) => kind === 'ping').length;

test('a child that is up is pinged at the interval, one ping at a time', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.pass(10_000);
  expect(pings(tree)).toBe(10);
  tree.manners.set('a', 'mute');
  tree.pass(3_500);
  expect(pings(tree)).toBe(11);
});

test('a child whose pong is missing for the ping timeout is terminated and started again', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('a', 'mute');
  tree.pass(3_999);
  expect(tree.generation('a')).toBe(1);
  tree.manners.set('a', 'well');
  tree.pass(1);
  expect(tree.deeds().slice(-3)).toEqual(['terminate a#1', 'load a#2', 'begin a#2']);
  expect(tree.reports('child_terminated')).toMatchObject([
    { child: 'a', error: { code: 'actor.unresponsive', detail: { silentMs: 3_000 } }, uptimeMs: 4_000 },
  ]);
  expect(tree.lives()).toEqual({ a: 'up', b: 'up' });
});

test('a child that owes a pong and spins is replaced at once', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('a', 'mute');
  tree.pass(2_000);
  tree.manners.set('a', 'well');
  tree.dispatch({ kind: 'spinning', id: 'a', generation: 1 });
  expect(tree.deeds().slice(-3)).toEqual(['terminate a#1', 'load a#2', 'begin a#2']);
  expect(tree.reports('child_terminated')).toMatchObject([
    { child: 'a', error: { code: 'actor.unresponsive', detail: { silentMs: 1_000 } }, uptimeMs: 2_000 },
  ]);
});

test('a child that owes no pong spins for nobody, nor does an earlier incarnation', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.dispatch({ kind: 'spinning', id: 'a', generation: 1 });
  tree.manners.set('a', 'mute');
  tree.pass(1_000);
  tree.dispatch({ kind: 'spinning', id: 'a', generation: 0 });
  expect(tree.reports('child_terminated')).toEqual([]);
});

test('a child whose loop answers but whose machine has stopped is a zombie, and is replaced at once', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: false });
  expect(tree.reports('child_terminated')[0]?.error?.code).toBe('actor.machine-stopped');
  expect(tree.generation('a')).toBe(2);
});

test('hanging again and again counts against the intensity', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.manners.set('a', 'mute');
  tree.pass(30_000);
  expect(tree.end()).toEqual({ code: 70, forced: false });
});

test('a supervisor that was itself away (blocked, or stopped by SIGSTOP) accuses nobody', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('a', 'mute');
  tree.pass(1_000);
  tree.stall(60_000);
  expect(tree.lives()).toEqual({ a: 'up', b: 'up' });
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: true });
  tree.manners.set('a', 'well');
  tree.pass(10_000);
  expect(tree.reports('child_terminated')).toEqual([]);
});

test('a child whose deadline was the next thing due when the supervisor was away gets time for its pong to be read', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.manners.set('a', 'mute');
  tree.pass(1_000);
  tree.stall(60_000);
  expect(tree.reports('child_terminated')).toEqual([]);
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: true });
  tree.manners.set('a', 'well');
  tree.pass(10_000);
  expect(tree.reports('child_terminated')).toEqual([]);
});

test('a child that hangs is still found after the supervisor itself was away', () => {
  const tree = SimulatedTree.booted(oneForOne('a'));
  tree.manners.set('a', 'mute');
  tree.pass(1_000);
  tree.stall(60_000);
  tree.manners.set('a', 'well');
  tree.pass(3_000);
  expect(tree.generation('a')).toBe(2);
});

test('a terminated thread that does not end within its deadline costs the whole process', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('a', 'immortal');
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: false });
  tree.pass(199);
  expect(tree.end()).toBeNull();
  tree.pass(1);
  expect(tree.end()).toEqual({ code: 1, forced: true });
});
