import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import { SILENT_STATES } from '../cluster/status.js';
import { eventually } from '../eventually.js';

const RECOVERS_WITHIN_MS = 60_000;

/** Kills an actor and waits for its next incarnation. Resolves with the milliseconds that it took. */
export const restartTimeMs = async (node: DaemonNode, actor: ActorName, mode: ChaosMode): Promise<number> => {
  const before = await node.actor(actor);
  const beganMs = performance.now();
  await node.chaos(actor, mode);
  await eventually(
    `${actor} of ${node.id} is back after ${mode}`,
    async () => {
      const now = await node.actor(actor);
      return now.generation > before.generation && !SILENT_STATES.includes(now.state);
    },
    { timeoutMs: RECOVERS_WITHIN_MS, everyMs: 20 },
  );
  return performance.now() - beganMs;
};
