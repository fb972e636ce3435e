import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { FetchResult } from '../support/stock-client-http.js';
import type { StockClient } from '../support/stock-client.js';
import { freshPage } from './fetches.js';
import type { FormedCluster } from './forming.js';
import type { DemoMachine } from './machines.js';
import type { Narrator } from './narrator.js';
import { shares, tally } from './tally.js';

/** Fewer would let one visit that hangs weigh too much. */
const LEAST_PAGES = 20;
const NEW_VISITORS = 10;

/**
 * A page every half second until told to stop, as somebody who knows the address already: the descriptor that the client
 * holds names the dead node, too. None is waited for before the next is asked.
 */
const returnUntil = async (
  client: StockClient,
  address: string,
  over: () => boolean,
): Promise<readonly FetchResult[]> => {
  const pending: Promise<FetchResult>[] = [];
  while (!over() || pending.length < LEAST_PAGES) {
    pending.push(client.fetch(address, { timeoutMs: 20_000 }));
    await delay(500);
  }
  return Promise.all(pending);
};

export interface Takeover {
  /** From the power cut to the survivor's clean descriptor on every HSDir. */
  readonly seconds: number;
  /** Of those who hold the descriptor from before, asked for from the power cut on. */
  readonly returning: readonly FetchResult[];
  /** Of those who come for the first time after the take-over. */
  readonly newcomers: readonly FetchResult[];
}

/** Kills the publisher and its Tor, and waits until a survivor's clean descriptor is everywhere. */
export const showTakeover = async (
  { returning: client, newcomer }: { readonly returning: StockClient; readonly newcomer: StockClient },
  cluster: FormedCluster,
  { publisher, machine }: { readonly publisher: DaemonNode; readonly machine: DemoMachine },
  tell: Narrator,
): Promise<Takeover> => {
  const survivors = cluster.nodes.filter((node) => node !== publisher);
  const progress = { over: false };
  const visits = returnUntil(client, cluster.address, () => progress.over);
  const left = survivors.map(({ id }) => id).join(',');
  const beganMs = performance.now();
  await publisher.killHard();
  await machine.losePower();
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
  const newcomers: FetchResult[] = [];
  while (newcomers.length < NEW_VISITORS) newcomers.push(await freshPage(newcomer, cluster));
  tell.say(`new visitors: ${tally(newcomers)}; answered by ${shares(newcomers)}`);
  const returning = await visits;
  tell.say(
    `returning visitors, from the power cut on: ${tally(returning)}; answered by ${shares(returning)}`,
  );
  return { seconds, returning, newcomers };
};
