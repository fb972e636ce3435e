import { PROTOCOL_VERSION } from '@rustbalance/actors/kernel/envelope.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { SupervisorSpec } from '@rustbalance/supervisor/child-spec.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedTree, childSpec, groupSpec, treeSpec } from './simulated-tree.js';
import type { Manner } from './simulated-tree.js';

const SPEC: SupervisorSpec = treeSpec([
  groupSpec('alone', [childSpec('a')], { intensity: 3, periodMs: 20_000 }),
  groupSpec('pair', [childSpec('b'), childSpec('job', { restart: 'transient' })], {
    intensity: 4,
    periodMs: 20_000,
  }),
  groupSpec('chain', [childSpec('c'), childSpec('d'), childSpec('t', { restart: 'temporary' })], {
    strategy: 'rest_for_one',
    intensity: 5,
    periodMs: 20_000,
  }),
]);
const IDS = ['a', 'b', 'job', 'c', 'd', 't'];

type Action = (tree: SimulatedTree) => void;

const id = fc.constantFrom(...IDS);
const manner = fc.constantFrom<Manner>('well', 'slow', 'broken', 'mute', 'deaf', 'immortal');
/** Of the current generation mostly, sometimes of a stale or an impossible one. */
const generationOffset = fc.constantFrom(0, 0, 0, -1, 1);

const alive = (tree: SimulatedTree, name: string, generation: number): boolean =>
  tree.threads.get(name)?.has(generation) === true;

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.integer({ min: 0, max: 8_000 }).map((ms) => (tree: SimulatedTree) => tree.pass(ms)),
  fc.integer({ min: 0, max: 30_000 }).map((ms) => (tree: SimulatedTree) => tree.stall(ms)),
  fc.tuple(id, manner).map(
    ([name, how]) =>
      (tree: SimulatedTree) =>
        void tree.manners.set(name, how),
  ),
  fc.tuple(id, fc.constantFrom(0, 1)).map(([name, code]) => (tree: SimulatedTree) => {
    const generation = tree.generation(name);
    // Only a thread that exists can exit.
    if (alive(tree, name, generation)) tree.exit(name, generation, code);
  }),
  fc.tuple(id, generationOffset).map(([name, offset]) => (tree: SimulatedTree) => {
    const generation = tree.generation(name) + offset;
    if (offset === 0 && !alive(tree, name, generation)) return;
    tree.dispatch({ kind: 'ready', id: name, generation, version: PROTOCOL_VERSION });
  }),
  fc.tuple(id, generationOffset, fc.boolean()).map(([name, offset, pong]) => (tree: SimulatedTree) => {
    tree.dispatch({ kind: 'pong', id: name, generation: tree.generation(name) + offset, alive: pong });
  }),
  id.map((name) => (tree: SimulatedTree) => {
    tree.dispatch({ kind: 'replace', id: name });
  }),
  // Seldom, since little happens after it.
  fc.integer({ min: 0, max: 9 }).map((n) => (tree: SimulatedTree) => {
    if (n === 0) tree.dispatch({ kind: 'stop-requested' });
  }),
  fc.tuple(id, generationOffset).map(([name, offset]) => (tree: SimulatedTree) => {
    tree.dispatch({ kind: 'spinning', id: name, generation: tree.generation(name) + offset });
  }),
  fc.tuple(id, generationOffset).map(([name, offset]) => (tree: SimulatedTree) => {
    tree.dispatch({ kind: 'finished', id: name, generation: tree.generation(name) + offset });
  }),
  fc.tuple(id, generationOffset).map(([name, offset]) => (tree: SimulatedTree) => {
    const error = errorData('actor.crashed', name, { actor: name, message: 'x' });
    tree.dispatch({ kind: 'failing', id: name, generation: tree.generation(name) + offset, error });
  }),
);

const checkInvariants = (tree: SimulatedTree): void => {
  for (const [name, generations] of tree.threads) {
    expect(generations.size, `incarnations of ${name}`).toBeLessThanOrEqual(1);
  }
  const end = tree.end();
  if (end?.forced === false) expect(tree.liveThreads()).toEqual([]);
};

const run = (tree: SimulatedTree, actions: readonly Action[]): void => {
  tree.dispatch({ kind: 'boot' });
  for (const act of actions) {
    act(tree);
    checkInvariants(tree);
  }
};

test('any sequence of events: never two live incarnations of one child, no orphan after the end', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      run(new SimulatedTree(SPEC), actions);
    }),
    { numRuns: 400 },
  );
});

const GROUPS = { alone: ['a'], pair: ['b', 'job'], chain: ['c', 'd', 't'] } as const;
type GroupName = keyof typeof GROUPS;

/** Notes when each group's restarts were decided. */
class RecordingTree extends SimulatedTree {
  readonly decided: Record<GroupName, number[]> = { alone: [], pair: [], chain: [] };

  override dispatch(event: Parameters<SimulatedTree['dispatch']>[0]): void {
    super.dispatch(event);
    for (const [group, ids] of Object.entries(GROUPS)) {
      const times = this.decided[group as GroupName];
      const total = ids.reduce((sum, child) => sum + this.state.children.get(child)!.restarts, 0);
      while (times.length < total) times.push(this.now);
    }
  }
}

test('any sequence of events: never more restarts of a group within its period than its intensity', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const tree = new RecordingTree(SPEC);
      run(tree, actions);
      for (const { id: group, intensity, periodMs } of SPEC.groups) {
        const times = tree.decided[group as GroupName];
        times.forEach((from, index) => {
          const tooSoon = times[index + intensity];
          if (tooSoon !== undefined) expect(tooSoon - from).toBeGreaterThan(periodMs);
        });
      }
    }),
    { numRuns: 400 },
  );
});

test('any sequence of events: a stop always ends, within its worst case', () => {
  const worstCaseMs = IDS.length * (500 + 200);
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const tree = new SimulatedTree(SPEC);
      run(tree, actions);
      tree.dispatch({ kind: 'stop-requested' });
      tree.pass(worstCaseMs);
      expect(tree.end()).not.toBeNull();
      const length = tree.effects.length;
      tree.pass(60_000);
      tree.dispatch({ kind: 'stop-requested' });
      expect(tree.effects).toHaveLength(length);
    }),
    { numRuns: 300 },
  );
});

test('any sequence of events: effects go only to the thread that lives', () => {
  class StrictTree extends SimulatedTree {
    override dispatch(event: Parameters<SimulatedTree['dispatch']>[0]): void {
      const before = this.effects.length;
      const livedBefore = new Set(this.liveThreads());
      super.dispatch(event);
      for (const effect of this.effects.slice(before)) {
        if (effect.kind !== 'ping' && effect.kind !== 'ask-stop') continue;
        const thread = `${effect.id}#${String(effect.generation)}`;
        const loadedNow = this.effects
          .slice(before)
          .some((other) => other.kind === 'load' && `${other.id}#${String(other.generation)}` === thread);
        expect(livedBefore.has(thread) || loadedNow).toBe(true);
      }
    }
  }
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      run(new StrictTree(SPEC), actions);
    }),
    { numRuns: 200 },
  );
});
