import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsConnections } from '@rustbalance/actors/kernel/accepts-connections.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { within } from '../support/eventually.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const MODES = ['throw', 'exit'] as const;
const RUNS_OF_EACH = 5;
const KNOCK_EVERY_MS = 5;
const PATIENCE_MS = 30_000;
const LIMIT_SECS = 0.5;

/** Seconds between the last connection that was accepted before the thread ended and the first after it. */
const gapOf = async (node: DaemonNode, mode: (typeof MODES)[number]): Promise<number> => {
  const path = join(node.options.dir, 'run', 'proxy.sock');
  let lastMs = performance.now();
  let wasRefused = false;
  await node.chaos('proxy', mode);
  for (;;) {
    const accepted = await acceptsConnections(path);
    const nowMs = performance.now();
    if (accepted && wasRefused) return (nowMs - lastMs) / 1000;
    if (accepted) lastMs = nowMs;
    else wasRefused = true;
    await delay(KNOCK_EVERY_MS);
  }
};

/**
 * How long nobody can reach the target through this node when its ProxyActor is killed. Each time in a daemon that has
 * just started: a second death soon after the first is another fault, whose restart is delayed.
 */
export const proxyRestartFigure = async (node: DaemonNode): Promise<Figure> => {
  const gaps: number[] = [];
  for (let run = 0; run < RUNS_OF_EACH; run++)
    for (const mode of MODES) {
      await node.stop();
      node.start();
      await node.until('all actors are ready', ({ ready }) => ready, PATIENCE_MS);
      gaps.push(await within(PATIENCE_MS, 'the proxy accepts again', gapOf(node, mode)));
    }
  const measured = spread(gaps);
  return {
    what: 'ProxyActor killed (throw, exit): it accepts again',
    unit: 's',
    spread: measured,
    target: `p95 ≤ ${String(LIMIT_SECS)}`,
    met: measured.p95 <= LIMIT_SECS,
  };
};
