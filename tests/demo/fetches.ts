import type { Cluster } from '../support/cluster/cluster.js';
import type { StockClient } from '../support/stock-client.js';
import { shares, tally } from './tally.js';
import type { Narrator } from './narrator.js';

const PAGES = 15;

/** Fetches pages, each on a circuit of its own with the cached descriptor dropped, and tells who answered. */
export const showFetches = async (
  client: StockClient,
  cluster: Cluster,
  tell: Narrator,
): Promise<{ line: string }> => {
  const results = [];
  for (let page = 0; page < PAGES; page++) {
    await client.dropDescriptor(cluster.address);
    results.push(await client.fetch(cluster.address, { timeoutMs: 30_000 }));
  }
  const line = tally(results);
  tell.say(`${line}; answered by ${shares(results)}`);
  return { line };
};
