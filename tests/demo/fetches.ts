import type { FetchResult } from '../support/stock-client-http.js';
import type { StockClient } from '../support/stock-client.js';
import { shares, tally } from './tally.js';
import type { FormedCluster } from './forming.js';
import type { Narrator } from './narrator.js';

const PAGES = 15;

/** A page on a circuit of its own with the cached descriptor dropped. */
export const freshPage = async (client: StockClient, { address }: FormedCluster): Promise<FetchResult> => {
  await client.dropDescriptor(address);
  return client.fetch(address, { timeoutMs: 30_000 });
};

/** Fetches pages, each as a new visitor would, and tells who answered. */
export const showFetches = async (
  client: StockClient,
  cluster: FormedCluster,
  tell: Narrator,
): Promise<readonly FetchResult[]> => {
  const results = [];
  for (let page = 0; page < PAGES; page++) results.push(await freshPage(client, cluster));
  tell.say(`${tally(results)}; answered by ${shares(results)}`);
  return results;
};
