import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { StockClient } from '../support/stock-client.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { startWarmClients, startWarmLoad } from '../support/warm-load.js';

/**
 * A stream that its client begins in the very moment in which its circuit is closed fails: 6 of 19,108 visits in ten drains
 * (docs/figures.md). None at all is wanted, and not reached.
 */
const MOST_FAILED = 0.002;

describe('a publisher that is drained under fifty connections a second', () => {
  let network: TorNetwork;
  let cluster: Cluster;
  let clients: readonly StockClient[] = [];

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 12 });
    cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
    await cluster.nodes[0]!.until(
      'both nodes are published',
      (s) => publishedNodes(s) === 'alpha,beta',
      90_000,
    );
    clients = await startWarmClients(network, 'client');
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    await cluster?.stop();
    await network?.stop();
  });

  it('can be stopped, and hardly a request in a thousand fails', async () => {
    const [alpha, beta] = cluster.nodes;
    const { samples, first, end } = await startWarmLoad(clients, cluster.address);
    expect(first).toEqual(new Set(['alpha', 'beta']));
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
    await end();
    const failures = samples.filter(({ ok }) => !ok);
    expect(failures.length, JSON.stringify(failures.slice(0, 5))).toBeLessThanOrEqual(
      Math.ceil(samples.length * MOST_FAILED),
    );
  });
});
