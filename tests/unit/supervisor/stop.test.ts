import { readFileSync } from 'node:fs';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { actorSpecs, worstCaseStopMs } from '@rustbalance/supervisor/actor-specs.js';
import { expect, test } from 'vitest';
import { SimulatedTree, oneForOne } from './simulated-tree.js';

test('a stop asks the children in reverse, each after the one before has ended, and ends well', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b', 'c'));
  const before = tree.deeds().length;
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.deedsSince(before)).toEqual(['ask-stop c#1', 'ask-stop b#1', 'ask-stop a#1']);
  expect(tree.reports('shutdown_error')).toEqual([]);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});

test('a child that does not stop when asked is terminated after its deadline, and that is reported', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'deaf');
  tree.dispatch({ kind: 'stop-requested' });
  tree.pass(499);
  expect(tree.deeds().at(-1)).toBe('ask-stop b#1');
  tree.pass(1);
  expect(tree.deeds().slice(-2)).toEqual(['terminate b#1', 'ask-stop a#1']);
  expect(tree.reports('shutdown_error')).toMatchObject([
    { child: 'b', error: { code: 'actor.shutdown-timeout' } },
  ]);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});

test('a child that does not even end when terminated costs the whole process', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'immortal');
  tree.dispatch({ kind: 'stop-requested' });
  tree.pass(700);
  expect(tree.end()).toEqual({ code: 1, forced: true });
});

test('a second stop request jumps to the last step', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'deaf');
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.end()).toBeNull();
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.end()).toEqual({ code: 1, forced: true });
});

test('a child that dies of an error while it is asked to stop is reported, and the stop goes on', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.manners.set('b', 'deaf');
  tree.dispatch({ kind: 'stop-requested' });
  tree.crash('b');
  expect(tree.reports('shutdown_error')).toMatchObject([{ child: 'b', error: { code: 'actor.crashed' } }]);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});

test('a child that waits for its restart is not started any more once a stop was requested', () => {
  const tree = SimulatedTree.booted(oneForOne('a', 'b'));
  tree.crash('a');
  tree.crash('a');
  expect(tree.at('a')).toBe('down');
  tree.dispatch({ kind: 'stop-requested' });
  tree.pass(10_000);
  expect(tree.generation('a')).toBe(2);
  expect(tree.end()).toEqual({ code: 0, forced: false });
});

const UNIT = readFileSync(new URL('../../../ops/rustbalance.service', import.meta.url), 'utf8');
const unitsTimeoutMs = Number(/^TimeoutStopSec=(\d+)$/m.exec(UNIT)?.[1]) * 1000;

const worstStopMs = (proxy: { readonly drain_secs?: number } = {}): number => {
  const node = { id: 'n1' };
  const master = { onion_address: `${'a'.repeat(56)}.onion` };
  return worstCaseStopMs(actorSpecs(configSchema.parse({ node, master, proxy })));
};

test('with the default configuration the worst stop fits well into TimeoutStopSec of the shipped unit', () => {
  expect(worstStopMs()).toBeLessThan(unitsTimeoutMs - 20_000);
});

test('what the configuration says of longer drains and that TimeoutStopSec is true', () => {
  expect(configSchema.shape.proxy.unwrap().shape.drain_secs.description).toContain(
    `Above 24, TimeoutStopSec of the systemd unit (${String(unitsTimeoutMs / 1000)} s) must be raised to 60 s and 1.25 times this.`,
  );
  expect(worstStopMs({ drain_secs: 24 })).toBe(unitsTimeoutMs);
  for (const drainSecs of [24, 40, 60])
    expect(worstStopMs({ drain_secs: drainSecs })).toBe(60_000 + 1250 * drainSecs);
});
