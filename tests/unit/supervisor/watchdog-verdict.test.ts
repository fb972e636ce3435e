import { NOTHING_WATCHED, watchdogVerdict } from '@rustbalance/supervisor/watchdog-verdict.js';
import type { Watch } from '@rustbalance/supervisor/watchdog-verdict.js';
import type { SupervisorSpec } from '@rustbalance/supervisor/child-spec.js';
import type { State } from '@rustbalance/supervisor/state.js';
import { startServicePulse } from '@rustbalance/supervisor/service-pulse.js';
import { expect, test } from 'vitest';
import { measured } from '../../support/measured.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { SimulatedTree, groupSpec, childSpec, oneForOne, treeSpec } from './simulated-tree.js';

/** Judges every second, as the daemon does, and keeps the verdicts that were bad. */
const judging = (spec: SupervisorSpec) => {
  let watch: Watch = NOTHING_WATCHED;
  const stuck: string[] = [];
  return {
    stuck,
    judge: (state: State, now: number): void => {
      const verdict = watchdogVerdict(spec, state, watch, now);
      watch = verdict.watch;
      if (verdict.stuck !== null) stuck.push(verdict.stuck);
    },
  };
};

const live = (tree: SimulatedTree, spec: SupervisorSpec, seconds: number): readonly string[] => {
  const { judge, stuck } = judging(spec);
  for (let i = 0; i < seconds; i++) {
    tree.pass(1_000);
    judge(tree.state, tree.now);
  }
  return stuck;
};

test('a tree in which all is well is never stuck, however long it lives', () => {
  const spec = oneForOne('a', 'b');
  expect(live(SimulatedTree.booted(spec), spec, 600)).toEqual([]);
});

test('children that crash, hang or start slowly are the supervisor’s own business', () => {
  const children = ['a', 'b', 'c'].map((id) => groupSpec(id, [childSpec(id)], { intensity: 1000 }));
  const spec = treeSpec(children);
  const tree = SimulatedTree.booted(spec);
  tree.manners.set('a', 'mute').set('b', 'broken').set('c', 'slow');
  tree.crash('b');
  tree.crash('c');
  expect(live(tree, spec, 300)).toEqual([]);
  expect(tree.generation('a')).toBeGreaterThan(10);
});

test('a child that does not end although it was ended is stuck, should the supervisor not end the process', () => {
  const spec = oneForOne('a', 'b');
  const tree = SimulatedTree.booted(spec);
  tree.manners.set('a', 'immortal');
  tree.crash('b');
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: false });
  expect(tree.at('a')).toBe('ending');
  const { judge, stuck } = judging(spec);
  const frozen = tree.state;
  for (let second = 0; second < 20; second++) judge(frozen, tree.now + second * 1_000);
  expect(stuck.length).toBeGreaterThan(5);
  expect(stuck[0]).toBe('the a actor is stuck (ending)');
});

/** How long after the deadline of an actor that hangs the watchdog is fed no more, ms; it hangs `afterMs` after a beat. */
const unfedAfterMs = async (afterMs: number): Promise<number> => {
  const spec = oneForOne('a');
  const tree = SimulatedTree.booted(spec);
  tree.manners.set('a', 'immortal');
  const clock = new SimulatedClock(0);
  const error = (): void => {
    foundMs ??= clock.monotonicMs();
  };
  let foundMs: number | null = null;
  const pulse = startServicePulse({
    clock,
    log: { error, warn: () => undefined, info: () => undefined, debug: () => undefined },
    notify: () => undefined,
    patienceMs: 30_000,
    verdict: (before, nowMs) => watchdogVerdict(spec, tree.state, before, nowMs),
    status: () => '',
  });
  tree.pass(afterMs);
  await clock.advance(afterMs);
  // It is ended, and does not end; from here on the supervisor, too, does nothing that is due.
  tree.dispatch({ kind: 'pong', id: 'a', generation: 1, alive: false });
  expect(tree.at('a')).toBe('ending');
  await clock.advance(60_000);
  pulse.stop();
  return (foundMs ?? Infinity) - afterMs - childSpec('a').killMs;
};

test('an actor that cannot be ended keeps the watchdog from being fed 15 s after its deadline at the latest', async () => {
  const took: number[] = [];
  for (let afterMs = 0; afterMs < 10_000; afterMs += 100) took.push(await unfedAfterMs(afterMs));
  const longestMs = Math.max(...took);
  measured('an actor cannot be ended: no longer fed, at worst (simulated clock)', longestMs / 1000);
  expect(longestMs).toBeGreaterThan(10_000);
  expect(longestMs).toBeLessThanOrEqual(15_000);
});

test('a queue that does not move is stuck, whatever the children are at', () => {
  const spec = oneForOne('a');
  const tree = SimulatedTree.booted(spec);
  const { judge, stuck } = judging(spec);
  const frozen = tree.state;
  for (let second = 0; second < 20; second++) judge(frozen, tree.now + second * 1_000);
  expect(stuck).toContain('the supervisor does not do what is due');
});

test('a tree that has ended is stuck for as long as the process lives', () => {
  const spec = oneForOne('a');
  const tree = SimulatedTree.booted(spec);
  tree.dispatch({ kind: 'stop-requested' });
  expect(tree.state.phase.at).toBe('ended');
  expect(watchdogVerdict(spec, tree.state, NOTHING_WATCHED, tree.now).stuck).not.toBeNull();
});
