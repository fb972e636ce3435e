import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { actorSpecs } from '@rustbalance/supervisor/actor-specs.js';
import { expect, test } from 'vitest';
import { SimulatedTree } from './simulated-tree.js';

const spec = actorSpecs(
  configSchema.parse({ node: { id: 'n1' }, master: { onion_address: `${'a'.repeat(56)}.onion` } }),
);

test('the actors start in their declared order and stop in reverse', () => {
  const tree = SimulatedTree.booted(spec);
  const deeds = (kind: string): string[] =>
    tree.effects.flatMap((effect) => (effect.kind === kind && 'id' in effect ? [effect.id] : []));
  expect(deeds('begin')).toEqual([...ACTOR_NAMES]);
  tree.dispatch({ kind: 'stop-requested' });
  expect(deeds('ask-stop')).toEqual([...ACTOR_NAMES].reverse());
});

test.each(ACTOR_NAMES)('the death of %s restarts no other actor', (name) => {
  const tree = SimulatedTree.booted(spec);
  tree.crash(name);
  for (const other of ACTOR_NAMES) {
    expect([other, tree.generation(other)]).toEqual([other, other === name ? 2 : 1]);
  }
});

test('by default ten restarts of one actor are borne and the eleventh failure ends the daemon', () => {
  const tree = SimulatedTree.booted(spec);
  for (let i = 0; i < 10; i++) {
    tree.crash('wg');
    tree.pass(20_000);
  }
  expect(tree.end()).toBeNull();
  tree.crash('wg');
  expect(tree.end()).toEqual({ code: 70, forced: false });
});

test('an actor killed every two seconds is started again each time without delay', () => {
  const tree = SimulatedTree.booted(spec);
  for (let i = 0; i < 8; i++) {
    tree.pass(2_000);
    tree.crash('proxy');
    expect(tree.at('proxy')).toBe('up');
  }
});
