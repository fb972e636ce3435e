import { isDeepStrictEqual } from 'node:util';
import { startHealth } from '@rustbalance/actors/health/actor.js';
import { NO_HISTORY } from '@rustbalance/actors/health/repair/persisted.js';
import type { ActorDefinition } from '@rustbalance/actors/kernel/actor.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { loopbackCluster } from '../../support/loopback-cluster.js';
import type { LoopbackNode } from '../../support/loopback-cluster.js';

/** Nodes that measure each other's clocks over real sockets; each has a wall clock that can be stepped. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 20 };

/** The health actor without a target and without the files of a machine. */
const healthActor: ActorDefinition<'health'> = {
  name: 'health',
  start: (context) =>
    Promise.resolve(
      startHealth(context, {
        probes: [() => Promise.resolve({ ok: true })],
        canary: null,
        file: { read: () => Promise.resolve(null), save: () => undefined, flush: () => Promise.resolve() },
        persisted: NO_HISTORY,
        timeVouched: false,
        examinations: { all: [], mendModes: () => Promise.resolve() },
      }),
    ),
};

let cluster: readonly LoopbackNode[] = [];
let steps: number[] = [];

const clockOf = (index: number): Clock => ({
  ...systemClock,
  wallMs: () => systemClock.wallMs() + (steps[index] ?? 0),
});

beforeEach(async () => {
  steps = [0, 0, 0];
  cluster = await loopbackCluster(3, { clock: clockOf });
  await Promise.all(cluster.map((node) => node.start()));
  await Promise.all(cluster.map((node) => node.harness.start(healthActor)));
  await eventually(
    'the first node publishes and all have measured the others',
    () =>
      cluster[0]!.isPublisher &&
      cluster.every(({ harness }) =>
        harness.fact('election.peers')?.peers.every(({ clockOffsetSecs }) => clockOffsetSecs !== null),
      ),
    PATIENCE,
  );
}, 90_000);
afterEach(async () => {
  await Promise.all(cluster.map((node) => node.harness.stopAll()));
});

const clockFindings = (index: number): readonly string[] =>
  (cluster[index]!.harness.fact('health.status')?.findings ?? [])
    .filter(({ error }) => /clock/.test(error.code))
    .map(({ error }) => `${error.code} ${error.where} ${String(error.detail['direction'])}`);

test('a clock that steps is named by the others with its offset, and known as its own by the node itself', async () => {
  steps[2] = 6000;
  const known = measuring('a clock steps by 6 s: all know whose');
  const ofPeer = ['health.peer-clock-wrong peer node-c ahead of'];
  const all = [ofPeer, ofPeer, ['health.own-clock-wrong clock ahead of']];
  await eventually(
    'all know',
    () => isDeepStrictEqual([clockFindings(0), clockFindings(1), clockFindings(2)], all),
    PATIENCE,
  );
  known();
  // The quickest of several answers counts: the first may have been slow.
  const finding = await eventually(
    'its offset is known to a tenth of a second',
    () =>
      cluster[0]!.harness
        .fact('health.status')
        ?.findings.find(({ error }) => error.detail['offsetSecs'] === 6),
    PATIENCE,
  );
  expect(finding).toMatchObject({
    critical: true,
    error: { code: 'health.peer-clock-wrong', detail: { peer: 'node-c' } },
  });
  expect(cluster[0]!.isPublisher).toBe(true);
  steps[2] = 0;
  await eventually(
    'all is well',
    () => [0, 1, 2].every((index) => clockFindings(index).length === 0),
    PATIENCE,
  );
}, 150_000);

test('a publisher whose clock is wrong gives the lease to another, and far off it signs nothing', async () => {
  steps[0] = -5000;
  const moved = measuring('the clock of the publisher steps by 5 s: another publishes');
  await eventually('another node publishes', () => cluster[1]!.isPublisher, PATIENCE);
  moved();
  expect(cluster[0]!.harness.fact('health.status')).toMatchObject({ clockSane: true, fit: false });
  expect(cluster[0]!.harness.inspect('election')?.context['fit']).toBe(false);
  steps[0] = -90_000;
  const unsigned = measuring('a clock steps by 90 s: nothing is signed');
  await eventually(
    'it may sign nothing',
    () => cluster[0]!.harness.fact('health.status')?.clockSane === false,
    PATIENCE,
  );
  unsigned();
  steps[0] = 0;
  await eventually(
    'it may sign again',
    () => cluster[0]!.harness.fact('health.status')?.clockSane === true,
    PATIENCE,
  );
}, 150_000);
