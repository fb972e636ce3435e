import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { DaemonNode } from '../support/cluster/daemon-node.js';
import { SILENT_STATES } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import { proxyRestartFigure } from './proxy-restart.js';
import { daemonMemory, memoryFigure } from './resident-memory.js';
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
      return now.generation > before.generation && !SILENT_STATES.includes(now.state);
    },
    { timeoutMs: 30_000, everyMs: 10 },
  );
  return (performance.now() - began) / 1000;
};

const restartTimes = async (node: DaemonNode, modes: readonly ChaosMode[]): Promise<number[]> => {
  const times: number[] = [];
  for (const actor of ACTOR_NAMES) for (const mode of modes) times.push(await restartTime(node, actor, mode));
  return times;
};

/**
 * Start, memory, event loops and restarts of the daemon alone. Its Tor is a real one, but off line (DisableNetwork) and so
 * without a consensus: what the daemon needs with a network is measured by the benches takeover and whole-period.
 */
export const daemonFigures = async (): Promise<Figure[]> => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  let node: DaemonNode | null = null;
  try {
    node = await makeNode(dir, [
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
    const memory = await daemonMemory([node]);
    const delays = Object.values((await node.inspect()).actors).map(({ loop_delay_p99_ms: ms }) => ms);
    const back = spread(await restartTimes(node, ['throw', 'exit', 'oom']));
    const unstuck = spread(await restartTimes(node, ['hang']));
    const started = spread(starts);
    const proxy = await proxyRestartFigure(node);
    return [
      {
        what: 'Process start to all actors ready',
        unit: 's',
        spread: started,
        target: 'median ≤ 2',
        met: started.median <= 2,
      },
      memoryFigure('Resident memory of the daemon, steady, its Tor off line', memory),
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
      proxy,
      {
        what: 'An actor that spins answers again (each actor)',
        unit: 's',
        spread: unstuck,
        target: null,
        met: null,
      },
    ];
  } finally {
    await node?.stop();
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
};
