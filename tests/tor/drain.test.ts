import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { loadClient } from '../support/stock-client-load.js';
import type { LoadSample } from '../support/stock-client-load.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { warmVisitors } from '../support/warm-visitors.js';

const CLIENTS = 5;
/** Each with a circuit that it keeps and uses twice in a second: fifty connections in a second between them. */
const VISITORS = 25;
const EVERY_MS = 20;
const LONGEST_MS = 120_000;
/**
 * A stream that its client begins in the very moment in which its circuit is closed fails: 6 of 19,108 visits in ten drains
 * (docs/figures.md). None at all is wanted, and not reached.
 */
const MOST_FAILED = 0.002;

describe('a publisher that is drained under fifty connections a second', () => {
  let network: TorNetwork;
  let cluster: Cluster;
  const clients: StockClient[] = [];

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 12 });
    cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
    await cluster.nodes[0]!.until(
      'both nodes are published',
      (s) => publishedNodes(s) === 'alpha,beta',
      90_000,
    );
    for (let i = 0; i < CLIENTS; i++)
      clients.push(await startStockClient(network, { name: `client-${String(i)}` }));
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    await cluster?.stop();
    await network?.stop();
  });

  it('can be stopped, and hardly a request in a thousand fails', async () => {
    const [alpha, beta] = cluster.nodes;
    const visitors = warmVisitors(clients, VISITORS);
    // A first visit of each, so that the load meets warm circuits.
    const first = new Set<string | undefined>();
    for (const visitor of visitors) {
      await eventually(
        'a first visit',
        async () => {
          const { ok, node } = await visitor.fetch(cluster.address, {});
          if (ok) first.add(node);
          return ok || null;
        },
        { timeoutMs: 60_000 },
      );
    }
    expect(first).toEqual(new Set(['alpha', 'beta']));
    const ending = new AbortController();
    const samples: LoadSample[] = [];
    const load = loadClient({
      clients: visitors,
      concurrency: VISITORS,
      address: cluster.address,
      mode: 'warm',
      everyMs: EVERY_MS,
      durationMs: LONGEST_MS,
      signal: ending.signal,
      onSample: (sample) => samples.push(sample),
    });
    await eventually('the load runs', () => Promise.resolve(samples.length >= 250 || null), {
      timeoutMs: 30_000,
    });
    expect((await alpha!.command('drain', '--timeout', '60')).code).toBe(0);
    await alpha!.until('drained', ({ node }) => node.draining === 'drained', 60_000);
    await beta!.until('knows it', ({ peers }) => peers[0]?.draining === 'drained', 10_000);
    const before = samples.length;
    expect(await alpha!.stop()).toBe(0);
    await eventually('the load goes on', () => Promise.resolve(samples.length >= before + 250 || null), {
      timeoutMs: 30_000,
    });
    ending.abort();
    await load;
    const failures = samples.filter(({ ok }) => !ok);
    expect(failures.length, JSON.stringify(failures.slice(0, 5))).toBeLessThanOrEqual(
      Math.ceil(samples.length * MOST_FAILED),
    );
  });
});
