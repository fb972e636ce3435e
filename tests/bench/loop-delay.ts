import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { loadNode } from '@rustbalance/actors/kernel/config/load-node.js';
import { actorPlan } from '@rustbalance/supervisor/thread-plans.js';
import { runDaemon } from '@rustbalance/supervisor/daemon.js';
import { systemSurroundings } from '@rustbalance/supervisor/surroundings.js';
import { DaemonNode } from '../support/cluster/daemon-node.js';
import { eventually } from '../support/eventually.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const BUILDING_SECS = 30;
/** Each actor's delays are counted anew at every ping of the supervisor. */
const PING_MS = 1_000;

const pairsOf = async (node: DaemonNode): Promise<number> =>
  z.number().parse((await node.actor('publisher')).context['pairs']);

/** The daemon in this process, with all six actors in their threads, while the pool builds descriptors all the time. */
export const loopDelayFigures = async (): Promise<Figure[]> => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  await mkdir(join(dir, 'node'), { mode: 0o700 });
  const node = await DaemonNode.init({
    id: 'alpha',
    dir: join(dir, 'node'),
    target: 'http://127.0.0.1:9',
    listen: '127.0.0.1:7001',
    priority: 1,
    importKey: null,
    clusterTokenFile: null,
    set: ['tor.extra_torrc=["DisableNetwork 1"]'],
  });
  const loaded = await loadNode(
    node.identity.config_path,
    node.settings().filter((one) => one.includes('=')),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const surroundings = systemSurroundings();
  let stop: () => void = () => undefined;
  const ended = runDaemon({
    config: loaded.node.config,
    secrets: loaded.node.secrets,
    surroundings: {
      ...surroundings,
      threadPlan: (name) =>
        name === 'publisher'
          ? { ...actorPlan(name), entry: new URL('building-publisher-thread.js', import.meta.url) }
          : actorPlan(name),
      logStream: new PassThrough().resume(),
      onStopRequest: (listener) => {
        stop = listener;
        return () => undefined;
      },
    },
  });
  try {
    await eventually('all actors are ready', async () => (await node.status()).ready, { timeoutMs: 30_000 });
    await eventually('descriptors are built', async () => (await pairsOf(node)) > 0, { timeoutMs: 30_000 });
    const before = await pairsOf(node);
    const delays: number[] = [];
    for (let second = 0; second < BUILDING_SECS; second++) {
      await delay(PING_MS);
      delays.push(...Object.values((await node.inspect()).actors).map(({ loop_delay_p99_ms: ms }) => ms));
    }
    const pairs = (await pairsOf(node)) - before;
    return [
      {
        what: `Each actor's event-loop delay p99, second by second, while the pool builds descriptors without a pause (${String(pairs)} pairs in ${String(BUILDING_SECS)} s)`,
        unit: 'ms',
        spread: spread(delays),
        target: 'max ≤ 20',
        met: Math.max(...delays) <= 20,
      },
    ];
  } finally {
    stop();
    await ended;
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
};
