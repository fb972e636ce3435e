import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { repairHandlers } from '@rustbalance/supervisor/repairs.js';
import { expect, test } from 'vitest';
import { SimulatedTree, oneForOne } from './simulated-tree.js';

const error = errorData('actor.restart-ordered', 'b', { actor: 'b', reason: 'it does not listen' });

const order = (tree: SimulatedTree, id: string, generation = tree.generation(id)): void => {
  tree.dispatch({ kind: 'restart-ordered', id, generation, error });
};

test('an ordered restart ends the child and starts it again, alone, and counts as any failure', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b', 'c'));
  for (const id of ['a', 'b', 'c']) if (tree.at(id) !== 'up') tree.ready(id);
  tree.pass(6_000);
  const before = tree.deeds().length;
  order(tree, 'b');
  tree.pass(1_000);
  expect(tree.deedsSince(before)).toEqual(['terminate b#1', 'load b#2', 'begin b#2']);
  expect(tree.reports('child_terminated')).toMatchObject([{ child: 'b', error: { code: error.code } }]);
  expect(tree.state.children.get('b')).toMatchObject({ restarts: 1 });
});

test('orders beyond what the group bears end the tree with the code for the service manager', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  for (let times = 0; times < 5 && tree.end() === null; times++) {
    tree.pass(6_000);
    order(tree, 'b');
  }
  expect(tree.end()).toMatchObject({ code: 70 });
});

test('an order for an incarnation that is gone, or that starts just now, changes nothing', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.pass(6_000);
  const before = tree.deeds().length;
  order(tree, 'b', 7);
  tree.manners.set('b', 'slow');
  tree.crash('b');
  tree.pass(200);
  expect(tree.at('b')).toBe('starting');
  const during = tree.deeds().length;
  order(tree, 'b');
  expect(tree.deedsSince(during)).toEqual([]);
  expect(tree.deedsSince(before).filter((deed) => deed.startsWith('terminate'))).toEqual([]);
});

test('told to give up, it stops in order and ends with the code for the service manager', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b', 'c'));
  tree.pass(6_000);
  const before = tree.deeds().length;
  tree.dispatch({
    kind: 'give-up-ordered',
    error: errorData('supervisor.told-to-end', 'supervisor', { reason: 'Tor is down' }),
  });
  expect(tree.deedsSince(before)).toEqual(['ask-stop c#1', 'ask-stop b#1', 'ask-stop a#1']);
  expect(tree.reports('shutdown')).toMatchObject([{ error: { code: 'supervisor.told-to-end' } }]);
  expect(tree.end()).toEqual({ code: 70, forced: false });
});

test('a stop that is under way already is not turned into a failure', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.pass(6_000);
  tree.manners.set('b', 'deaf');
  tree.dispatch({ kind: 'stop-requested' });
  tree.dispatch({
    kind: 'give-up-ordered',
    error: errorData('supervisor.told-to-end', 'supervisor', { reason: 'Tor is down' }),
  });
  tree.pass(2_000);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});

test('asked by a health actor, it tells what the one before it knew of the time', async () => {
  const system = { restart: () => false, giveUp: () => undefined };
  const vouched = (timeVouched: boolean | undefined): Promise<unknown> =>
    repairHandlers(system, {
      fact: () => (timeVouched === undefined ? undefined : ({ timeVouched } as never)),
    })['supervisor.time-vouched']({}, { from: 'health', deadlineMs: 1000 });
  expect(await vouched(undefined)).toEqual({ vouched: false });
  expect(await vouched(false)).toEqual({ vouched: false });
  expect(await vouched(true)).toEqual({ vouched: true });
});
