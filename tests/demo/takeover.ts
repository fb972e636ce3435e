import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { FetchResult } from '../support/stock-client-http.js';
import type { StockClient } from '../support/stock-client.js';
import type { FormedCluster } from './forming.js';
import type { Narrator } from './narrator.js';
import { shares, tally } from './tally.js';

/** Fewer would let one visit that hangs weigh too much. */
const LEAST_PAGES = 20;

interface Visits {
  /** In the order in which they were asked for. */
  readonly pages: readonly FetchResult[];
  /** How many of them were asked for before it was over. */
  readonly askedBefore: number;
}

/** A page every half second until told to stop; none is waited for before the next is asked. */
const visitUntil = async (client: StockClient, address: string, over: () => boolean): Promise<Visits> => {
  const pending: Promise<FetchResult>[] = [];
  let askedBefore = 0;
  while (!over() || pending.length < LEAST_PAGES) {
    if (!over()) askedBefore++;
    pending.push(client.fetch(address, { timeoutMs: 20_000 }));
    await delay(500);
  }
  return { pages: await Promise.all(pending), askedBefore };
};

/** Kills the publisher and its Tor, and waits until a survivor's clean descriptor is everywhere. */
export const showTakeover = async (
  client: StockClient,
  cluster: FormedCluster,
  publisher: DaemonNode,
  tell: Narrator,
): Promise<{ seconds: number; pages: readonly FetchResult[] }> => {
  const survivors = cluster.nodes.filter((node) => node !== publisher);
  const progress = { over: false };
  const visits = visitUntil(client, cluster.address, () => progress.over);
  const left = survivors.map(({ id }) => id).join(',');
  const beganMs = performance.now();
  await publisher.killHard();
  const takeover = await Promise.any(
    survivors.map(async (node) => {
      await node.until(
        'publishes without the dead node',
        (s) => s.node.role === 'publisher' && publishedNodes(s) === left,
        60_000,
      );
      return node;
    }),
  );
  const seconds = (performance.now() - beganMs) / 1000;
  tell.say(
    `${takeover.id} has taken over: introduction points of ${left}, none of ${publisher.id}, after ${seconds.toFixed(1)} s`,
  );
  progress.over = true;
  const { pages, askedBefore } = await visits;
  tell.say(`pages meanwhile: ${tally(pages)}; answered by ${shares(pages)}`);
  tell.say(
    `asked for before the take-over: ${tally(pages.slice(0, askedBefore))}; after it: ${tally(pages.slice(askedBefore))}`,
  );
  return { seconds, pages };
};
