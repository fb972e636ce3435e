import { PROTOCOL_VERSION } from '@rustbalance/actors/kernel/envelope.js';
import type { Effect } from '@rustbalance/supervisor/effects.js';
import { supervise } from '@rustbalance/supervisor/supervision.js';
import type { Supervision } from '@rustbalance/supervisor/supervision.js';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { oneForOne } from './simulated-tree.js';

const random = { bytes: (length: number) => new Uint8Array(length), uniform: () => 0.5 };

const world = (perform: (effect: Effect, supervision: () => Supervision) => void) => {
  const clock = new SimulatedClock(1_700_000_000_000);
  const effects: Effect[] = [];
  const supervision: Supervision = supervise(oneForOne('a', 'b'), clock, random, (effect) => {
    effects.push(effect);
    perform(effect, () => supervision);
  });
  return { clock, effects, supervision };
};

const deeds = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) =>
    'id' in effect ? [`${effect.kind} ${effect.id}#${String(effect.generation)}`] : [],
  );

test('an event that an effect brings about is handled after all effects of the event before it', () => {
  const { effects, supervision } = world((effect, get) => {
    if (effect.kind === 'begin') {
      get().dispatch({
        kind: 'ready',
        id: effect.id,
        generation: effect.generation,
        version: PROTOCOL_VERSION,
      });
    }
  });
  supervision.dispatch({ kind: 'boot' });
  expect(deeds(effects)).toEqual(['load a#1', 'load b#1', 'begin a#1', 'begin b#1']);
  expect(effects.at(-1)).toEqual({ kind: 'all-ready' });
});

test('deadlines hold by the monotonic clock: a wall clock that steps by a day changes nothing', async () => {
  const { clock, effects, supervision } = world(() => undefined);
  supervision.dispatch({ kind: 'boot' });
  clock.stepWall(86_400_000);
  await clock.advance(999);
  expect(supervision.state().phase.at).toBe('booting');
  clock.stepWall(-86_400_000);
  await clock.advance(1);
  expect(supervision.state().phase.at).toBe('stopping');
  expect(deeds(effects)).toContain('terminate a#1');
});

test('nothing ticks any more once the tree has ended', async () => {
  const { clock, effects, supervision } = world((effect, get) => {
    if (effect.kind === 'terminate') {
      get().dispatch({ kind: 'exited', id: effect.id, generation: effect.generation, code: 1 });
    }
  });
  supervision.dispatch({ kind: 'boot' });
  supervision.dispatch({ kind: 'stop-requested' });
  expect(effects.at(-1)).toEqual({ kind: 'end', code: 0, forced: false });
  const length = effects.length;
  await clock.advance(600_000);
  expect(effects).toHaveLength(length);
});
