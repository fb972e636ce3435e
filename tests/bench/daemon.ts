import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { DaemonNode } from '../support/cluster/daemon-node.js';
import { eventually } from '../support/eventually.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const START_RUNS = 5;
/** Long enough for the allocators to settle and for what is loaded on demand to have been. */
const STEADY_MS = 20_000;

const makeNode = async (dir: string, set: readonly string[]): Promise<DaemonNode> => {
  await mkdir(join(dir, 'node'), { mode: 0o700 });
  return DaemonNode.init({
    id: 'alpha',
    dir: join(dir, 'node'),
    target: 'http://127.0.0.1:9',
    listen: '127.0.0.1:7001',
    priority: 1,
    importKey: null,
    clusterTokenFile: null,
    set,
  });
};

const untilReady = async (node: DaemonNode): Promise<number> => {
  const began = performance.now();
  node.start();
  await eventually('all actors are ready', async () => (await node.status()).ready, {
    timeoutMs: 30_000,
    everyMs: 10,
  });
  return (performance.now() - began) / 1000;
};

const restartTime = async (
  node: DaemonNode,
  actor: (typeof ACTOR_NAMES)[number],
  mode: ChaosMode,
): Promise<number> => {
  const before = await node.actor(actor);
  const began = performance.now();
  await node.chaos(actor, mode);
  await eventually(
    `${actor} answers again`,
    async () => {
      const now = await node.actor(actor);
      return now.generation > before.generation && now.state !== 'restarting' && now.state !== 'starting';
    },
    { timeoutMs: 30_000, everyMs: 10 },
  );
  return (performance.now() - began) / 1000;
};

/** Start, memory, event loops and restarts of the daemon alone; its Tor is a program that does nothing. */
export const daemonFigures = async (): Promise<Figure[]> => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  try {
    const node = await makeNode(dir, [
      'chaos.enabled=true',
      'tor.extra_torrc=["DisableNetwork 1"]',
      'supervisor.intensity=100',
      'supervisor.period_secs=3000',
    ]);
    const starts: number[] = [];
    for (let run = 0; run < START_RUNS; run++) {
      if (run > 0) await node.stop();
      starts.push(await untilReady(node));
    }
    await delay(STEADY_MS);
    const inspected = await node.inspect();
    const rss = inspected.supervisor.rss_bytes / 2 ** 20;
    const delays = Object.values(inspected.actors).map(({ loop_delay_p99_ms: ms }) => ms);
    const restarts: number[] = [];
    for (const actor of ACTOR_NAMES) {
      for (const mode of ['throw', 'exit', 'oom'] as const)
        restarts.push(await restartTime(node, actor, mode));
    }
    await node.stop();
    const started = spread(starts);
    const back = spread(restarts);
    return [
      {
        what: 'Process start to all actors ready',
        unit: 's',
        spread: started,
        target: 'median ≤ 2',
        met: started.median <= 2,
      },
      {
        what: 'Resident memory of the daemon, steady',
        unit: 'MiB',
        spread: spread([rss]),
        target: '≤ 220',
        met: rss <= 220,
      },
      {
        what: "Actors' event-loop delay p99, idle",
        unit: 'ms',
        spread: spread(delays),
        target: 'max ≤ 20',
        met: Math.max(...delays) <= 20,
      },
      {
        what: 'A killed actor answers again (each actor; throw, exit, oom)',
        unit: 's',
        spread: back,
        target: 'p95 ≤ 1',
        met: back.p95 <= 1,
      },
    ];
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
};
