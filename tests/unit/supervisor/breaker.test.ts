import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { actorSpecs } from '@rustbalance/supervisor/actor-specs.js';
import { longestDelaysMs, restartDelayMs } from '@rustbalance/supervisor/backoff.js';
import { minUptimeMs, shortestPeriodMs } from '@rustbalance/supervisor/breaker.js';
import { specProblem } from '@rustbalance/supervisor/spec-validation.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedTree, childSpec, groupSpec, treeSpec } from './simulated-tree.js';

const configWith = (supervisor: Record<string, number>): Config =>
  configSchema.parse({
    node: { id: 'n1' },
    master: { onion_address: `${'a'.repeat(56)}.onion` },
    supervisor,
  });

test('the default configuration has a breaker that can trip', () => {
  expect(specProblem(actorSpecs(configWith({})))).toBeNull();
});

test('a period that the back-off and the start timeouts can outrun is refused, with the shortest that would do', () => {
  const problem = specProblem(actorSpecs(configWith({ period_secs: 60 })));
  expect(problem).toMatchObject({
    code: 'config.breaker-cannot-trip',
    where: 'supervisor.period_secs',
    detail: { periodSecs: 60 },
  });
  const needed = Number(problem?.detail['neededSecs']);
  expect(specProblem(actorSpecs(configWith({ period_secs: needed + 0.1 })))).toBeNull();
});

test('the first restart has no delay, the others double up to the cap', () => {
  const backoff = { baseMs: 1_000, capMs: 30_000, jitter: 0 };
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => restartDelayMs(backoff, attempt, 0.5));
  expect(delays).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(longestDelaysMs(backoff, 4)).toBe(7_000);
});

const lifetimes = fc.record({
  intensity: fc.integer({ min: 1, max: 12 }),
  startTimeoutMs: fc.integer({ min: 100, max: 10_000 }),
  surplusMs: fc.integer({ min: 1, max: 200_000 }),
  uniform: fc.double({ min: 0, max: 0.999, noNaN: true }),
  /** Parts of the start timeout and of the minimum uptime that each life uses up. */
  lives: fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    {
      minLength: 13,
      maxLength: 13,
    },
  ),
});

test('an actor whose every life is shorter than the minimum uptime trips the breaker, however it spends its time', () => {
  fc.assert(
    fc.property(lifetimes, ({ intensity, startTimeoutMs, surplusMs, uniform, lives }) => {
      const backoff = { baseMs: 100, capMs: 10_000, jitter: 0.25 };
      const periodMs = shortestPeriodMs({ intensity, periodMs: 0, startTimeoutMs, backoff }) + surplusMs;
      const uptimeMs = minUptimeMs({ intensity, periodMs, startTimeoutMs, backoff });
      const spec = treeSpec([
        groupSpec('g', [childSpec('a', { startTimeoutMs })], {
          intensity,
          periodMs,
          backoff,
          minUptimeMs: uptimeMs,
        }),
      ]);
      const tree = new SimulatedTree(spec, uniform);
      tree.dispatch({ kind: 'boot' });
      tree.manners.set('a', 'slow');
      for (const [start, up] of lives.slice(0, intensity + 1)) {
        tree.crash('a');
        while (tree.at('a') === 'down' && tree.end() === null) tree.pass(500);
        if (tree.end() !== null) break;
        tree.pass(Math.max(0, start * startTimeoutMs - 501));
        tree.ready('a');
        tree.pass(Math.max(0, up * uptimeMs - 1));
      }
      expect(tree.end()).toEqual({ code: 70, forced: false });
    }),
    { numRuns: 60 },
  );
});
