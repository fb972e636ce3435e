import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { betweenSharedRandomValues } from '../support/chaos/between-values.js';
import { census } from '../support/chaos/census.js';
import { restartTimeMs } from '../support/chaos/kill-actor.js';
import { CHAOS_SETTINGS } from '../support/chaos/settings.js';
import { measured } from '../support/measured.js';
import { startCluster } from '../support/cluster/cluster.js';
import type { ClusterWithTargets } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { FetchResult } from '../support/stock-client-http.js';
import { loadClient } from '../support/stock-client-load.js';
import { summary } from '../support/stock-client-summary.js';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';

const VISIT_EVERY_MS = 500;
/** Two nodes take turns at random: that one with two points of five never comes in so many is less likely than one in 100,000. */
const MOST_DOWNLOADS = 24;
/** A hang is ended after ping_timeout_secs; the rest is the restart, on a machine that may be busy. */
const BACK_WITHIN_MS = 15_000;

const kills = (actors: readonly ActorName[]): (readonly [ActorName, ChaosMode])[] =>
  actors.flatMap((actor) => CHAOS_MODES.map((mode) => [actor, mode] as const));

describe('a publisher whose actors are killed in every way while it serves', () => {
  let network: TorNetwork;
  let cluster: ClusterWithTargets;
  let publisher: DaemonNode;
  let visitor: StockClient;

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 12, consensusParams: { hsdir_spread_store: 1 } });
    cluster = await startCluster({
      network,
      nodes: 2,
      set: CHAOS_SETTINGS,
    });
    publisher = cluster.nodes[0]!;
    visitor = await startStockClient(network, { name: 'visitor' });
    await publisher.until('both are published', (s) => publishedNodes(s) === 'alpha,beta', 120_000);
    await eventually(
      'a page comes',
      async () => (await visitor.fetch(cluster.address, { timeoutMs: 20_000 })).ok,
      { timeoutMs: 90_000 },
    );
  }, 400_000);

  afterAll(async () => {
    await visitor?.stop();
    await cluster?.stop();
    await network?.stop();
  });

  const requests = (): number => cluster.targets.reduce((sum, target) => sum + target.requests(), 0);

  /** Opens downloads that last, until one goes through the publisher. */
  const openDownloads = async (): Promise<Promise<FetchResult>[]> => {
    const downloads: Promise<FetchResult>[] = [];
    const [target] = cluster.targets;
    const before = target!.requests();
    while (target!.requests() === before && downloads.length < MOST_DOWNLOADS) {
      const already = requests();
      downloads.push(
        visitor.fetch(cluster.address, {
          path: '/drip?everyMs=100',
          timeoutMs: 600_000,
          isolation: `download ${String(downloads.length)}`,
        }),
      );
      await eventually('the download has begun', () => requests() > already, { timeoutMs: 60_000 });
    }
    return downloads;
  };

  it('serves visits and an open download through all of them, unless it was the ProxyActor', async () => {
    await betweenSharedRandomValues(network);
    const downloads = await openDownloads();
    const over = new AbortController();
    const visits = loadClient({
      clients: [visitor],
      address: cluster.address,
      mode: 'warm',
      everyMs: VISIT_EVERY_MS,
      durationMs: 600_000,
      signal: over.signal,
    });
    const times: Record<string, number> = {};
    for (const [actor, mode] of kills(ACTOR_NAMES.filter((name) => name !== 'proxy'))) {
      // Visits go on meanwhile, and no new value may cost one.
      await betweenSharedRandomValues(network);
      times[`${actor} ${mode}`] = await restartTimeMs(publisher, actor, mode);
    }
    over.abort();
    for (const target of cluster.targets) target.endDrips();
    const ended = await Promise.all(downloads);
    expect(ended.map(({ node }) => node)).toContain(publisher.id);
    for (const { body, error } of ended) {
      expect(error).toBeUndefined();
      const lines = body.trimEnd().split('\n');
      expect(lines).toEqual([...lines.slice(0, -1).keys()].map((i) => String(i + 1)).concat('end'));
    }
    const { n, errors } = summary(await visits);
    expect(errors).toEqual({});
    expect(n).toBeGreaterThan(0);
    for (const [kill, ms] of Object.entries(times)) {
      expect(ms, kill).toBeLessThan(BACK_WITHIN_MS);
      const way = kill.endsWith('hang') ? 'hangs' : 'is killed';
      measured(`an actor other than the ProxyActor ${way}: it answers again`, ms / 1000);
    }
  });

  it('accepts again when it was the ProxyActor, and visits go on', async () => {
    for (const [actor, mode] of kills(['proxy'])) {
      const ms = await restartTimeMs(publisher, actor, mode);
      expect(ms).toBeLessThan(BACK_WITHIN_MS);
      measured(`the ProxyActor ${mode === 'hang' ? 'hangs' : 'is killed'}: it accepts again`, ms / 1000);
      const page = await eventually(
        `a page comes after ${mode}`,
        async () => {
          const fetched = await visitor.fetch(cluster.address, { timeoutMs: 20_000 });
          return fetched.ok ? fetched : null;
        },
        { timeoutMs: 60_000 },
      );
      expect(page.body).toContain('This page comes from');
    }
  });

  it('has lost no file descriptor, thread or child by all that, and one of the two publishes', async () => {
    await eventually(
      'one of the two publishes both',
      async () => {
        const all = await Promise.all(cluster.nodes.map((node) => node.status()));
        const publishing = all.filter(({ node }) => node.role === 'publisher');
        return publishing.length === 1 && publishing.every((one) => publishedNodes(one) === 'alpha,beta');
      },
      { timeoutMs: 60_000 },
    );
    // The other node does the same work and was never touched. What is lost stays lost; a command that either runs is soon over.
    await eventually(
      'the node that was hurt has no more open than the other',
      async () => {
        const [hurt, unhurt] = await Promise.all(cluster.nodes.map((node) => census(node.pid!)));
        if (
          hurt!.threads > unhurt!.threads + 2 ||
          hurt!.children !== unhurt!.children ||
          hurt!.descriptors > unhurt!.descriptors + 15
        )
          throw new Error(`${JSON.stringify(hurt)} beside ${JSON.stringify(unhurt)}`);
        return true;
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
  });

  it('has said it in a bounded number of lines', () => {
    const killed = CHAOS_MODES.length * ACTOR_NAMES.length;
    expect(publisher.log.length).toBeLessThan(200 + killed * 20);
  });
});
