import { SILENT_STATES } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { FetchResult } from '../support/stock-client-http.js';
import type { StockClient } from '../support/stock-client.js';
import { freshPage } from './fetches.js';
import type { FormedCluster } from './forming.js';
import type { Narrator } from './narrator.js';
import { shares, tally } from './tally.js';

const VICTIM = 'proxy';

/** Two nodes take turns at random: that the same one never comes in so many pages is less likely than one in 4000. */
const MOST_PAGES = 12;

/** New visitors until the node that was hurt answers one of them. */
const visitUntilAnsweredBy = async (
  id: string,
  client: StockClient,
  cluster: FormedCluster,
): Promise<readonly FetchResult[]> => {
  const pages: FetchResult[] = [];
  while (pages.length < MOST_PAGES && pages.at(-1)?.node !== id) pages.push(await freshPage(client, cluster));
  return pages;
};

/** Kills the ProxyActor of a living node by `rbctl chaos kill`, waits for its next incarnation and has it answer. */
export const showActorRestart = async (
  client: StockClient,
  cluster: FormedCluster,
  tell: Narrator,
): Promise<{ node: string; milliseconds: number; pages: readonly FetchResult[] }> => {
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
      return now.generation > before.generation && !SILENT_STATES.includes(now.state) ? now : null;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
  const milliseconds = performance.now() - beganMs;
  tell.say(
    `it runs again: generation ${String(after.generation)}, ${String(after.restarts)} restart, because: ${after.last_error?.what ?? 'unknown'}`,
  );
  const pages = await visitUntilAnsweredBy(node.id, client, cluster);
  tell.say(`pages until ${node.id} answered: ${tally(pages)}; answered by ${shares(pages)}`);
  return { node: node.id, milliseconds, pages };
};
