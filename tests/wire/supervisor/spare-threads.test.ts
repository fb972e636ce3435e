import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { FromActor } from '@rustbalance/actors/kernel/envelope.js';
import { actorBirths } from '@rustbalance/supervisor/actor-birth.js';
import { SpareThreads } from '@rustbalance/supervisor/spare-threads.js';
import { actorPlan } from '@rustbalance/supervisor/thread-plans.js';
import { threadStarter } from '@rustbalance/supervisor/thread-runner.js';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.js';

const NO_SECRETS = {
  masterKey: null,
  nodeKey: null,
  clusterToken: null,
  wireguardKey: null,
  controlPassword: null,
};

test('a thread that loaded before anybody knew its configuration starts with the one that it is given', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-spare-'));
  const config = configSchema.parse({
    node: { id: 'n1', run_dir: dir, state_dir: dir },
    master: { onion_address: `${'a'.repeat(56)}.onion` },
    target: { url: 'http://127.0.0.1:9' },
  });
  const spare = new SpareThreads(['proxy'], actorPlan);
  const made: string[] = [];
  const start = threadStarter((name) => {
    made.push(name);
    return actorPlan(name);
  }, spare);
  const heard: FromActor[] = [];
  const thread = start(
    { name: 'proxy', generation: 1, ...actorBirths(config, NO_SECRETS)('proxy') },
    {
      message: (message) => heard.push(message),
      failing: () => undefined,
      exited: () => undefined,
      wrote: () => undefined,
    },
  );
  onTestFinished(async () => {
    thread.terminate();
    await rm(dir, { recursive: true, force: true });
  });
  thread.post({ kind: 'begin' });
  await eventually('it is ready', () => heard.some(({ kind }) => kind === 'ready'), { timeoutMs: 10_000 });
  expect(made).toEqual([]);
  expect(spare.take('proxy')).toBe(null);
});

test('a spare thread that died is nobody’s trouble: another is made in its turn', async () => {
  const broken = new URL('data:text/javascript,throw new Error("broken")');
  const spare = new SpareThreads(['proxy'], () => ({ entry: broken, limits: {} }));
  await eventually('it is forgotten', () => spare.size === 0, { timeoutMs: 10_000 });
  expect(spare.take('proxy')).toBe(null);
});
