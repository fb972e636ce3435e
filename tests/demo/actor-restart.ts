import type { Cluster } from '../support/cluster/cluster.js';
import { eventually } from '../support/eventually.js';
import type { Narrator } from './narrator.js';

const VICTIM = 'proxy';

/** Kills the ProxyActor of a living node by `rbctl chaos kill` and waits for its next incarnation. */
export const showActorRestart = async (
  cluster: Cluster,
  tell: Narrator,
): Promise<{ milliseconds: number }> => {
  const node = cluster.nodes.find((one) => one.isRunning());
  if (node === undefined) throw new Error('no node is left');
  const before = await node.actor(VICTIM);
  tell.say(`${node.id}: rbctl chaos kill ${VICTIM} --mode throw (generation ${String(before.generation)})`);
  const beganMs = performance.now();
  const killed = await node.command('chaos kill', VICTIM, '--mode', 'throw');
  if (killed.code !== 0) throw new Error(killed.stderr);
  const after = await eventually(
    `${VICTIM} runs again`,
    async () => {
      const now = await node.actor(VICTIM);
      return now.generation > before.generation ? now : null;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
  const milliseconds = performance.now() - beganMs;
  tell.say(
    `it runs again: generation ${String(after.generation)}, ${String(after.restarts)} restart, because: ${after.last_error?.what ?? 'unknown'}`,
  );
  return { milliseconds };
};
