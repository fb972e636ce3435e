import type { DaemonNode } from '../cluster/daemon-node.js';
import { SILENT_STATES } from '../cluster/status.js';
import { eventually } from '../eventually.js';
import type { Fault } from './schedule.js';

/** As RestartSec= of the unit. */
const RESTART_MS = 3_000;
const RECOVERS_WITHIN_MS = 60_000;

const torOf = async (node: DaemonNode): Promise<number> => {
  const pid = await node.torPid();
  if (pid === null) throw new Error(`${node.id} has no Tor`);
  return pid;
};

/** Does it for real. Resolves when it is done, which is before anybody has noticed. */
export const inject = async (node: DaemonNode, fault: Fault): Promise<void> => {
  switch (fault.kind) {
    case 'actor':
      await node.chaos(fault.actor, fault.mode);
      return;
    case 'daemon-killed':
      await node.killDaemon();
      setTimeout(() => {
        node.start();
      }, RESTART_MS);
      return;
    case 'tor-killed':
      process.kill(await torOf(node), 'SIGKILL');
      return;
    case 'tor-stopped':
      process.kill(await torOf(node), 'SIGSTOP');
  }
};

/** Kills an actor and waits for its next incarnation. Resolves with the milliseconds that it took. */
export const restartTimeMs = async (
  node: DaemonNode,
  fault: Extract<Fault, { kind: 'actor' }>,
): Promise<number> => {
  const before = await node.actor(fault.actor);
  const beganMs = performance.now();
  await inject(node, fault);
  await eventually(
    `${fault.actor} of ${node.id} is back after ${fault.mode}`,
    async () => {
      const now = await node.actor(fault.actor);
      return now.generation > before.generation && !SILENT_STATES.includes(now.state);
    },
    { timeoutMs: RECOVERS_WITHIN_MS, everyMs: 20 },
  );
  return performance.now() - beganMs;
};
