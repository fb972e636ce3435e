import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthActor } from '@rustbalance/actors/health/actor.js';
import type { CommandOrder } from '@rustbalance/actors/kernel/host-messages.js';
import { repairHandlers } from '@rustbalance/supervisor/repairs.js';
import { expect, it, onTestFinished } from 'vitest';
import { HarnessNode } from '../../support/actor-harness.js';
import { eventually } from '../../support/eventually.js';
import { configWith } from '../../unit/health/world.js';

const PATIENCE = { timeoutMs: 20_000, everyMs: 10 };

/** A HealthActor that must have a time service at the start, and a main thread that answers it. */
const node = async (isKept: () => boolean): Promise<HarnessNode> => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  const config = configWith('[resilience]\nrequire_ntp_sync = true\n');
  const harness: HarnessNode = new HarnessNode({
    config: { ...config, node: { ...config.node, run_dir: dir, state_dir: dir } },
    secrets: {
      masterKey: null,
      nodeKey: null,
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
    },
    answer: (name, payload) => {
      if (name === 'supervisor.time-vouched')
        return supervisor[name]({}, { from: 'health', deadlineMs: 1000 });
      if (name !== 'host.run') return Promise.reject(new Error('nobody answers'));
      const answers = (payload as CommandOrder).command === 'timedatectl';
      return Promise.resolve({
        ended: 'exited',
        code: answers ? 0 : 1,
        stdout: isKept() ? 'yes' : 'no',
        stderr: '',
      });
    },
  });
  const supervisor = repairHandlers(
    { restart: () => false, giveUp: () => undefined },
    { fact: (name) => harness.fact(name) },
  );
  onTestFinished(async () => {
    await harness.stopAll();
    await rm(dir, { recursive: true, force: true });
  });
  await harness.start(healthActor);
  return harness;
};

it('a time service that is lost later is not asked for again when the health actor is started again', async () => {
  let isKept = true;
  const harness = await node(() => isKept);
  await eventually(
    'somebody vouches for the time',
    () => harness.fact('health.status')?.timeVouched === true,
    PATIENCE,
  );
  isKept = false;
  for (let times = 0; times < 2; times++) {
    await harness.stop('health');
    const before = harness.fact('health.status')?.targets[0]?.checkedAtMs ?? 0;
    await harness.start(healthActor);
    await eventually(
      'the next incarnation has spoken',
      () => (harness.fact('health.status')?.targets[0]?.checkedAtMs ?? 0) > before,
      PATIENCE,
    );
    expect(harness.fact('health.status')).toMatchObject({ clockSane: true, fit: true, timeVouched: true });
  }
});
