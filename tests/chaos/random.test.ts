import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { census } from '../support/chaos/census.js';
import { runChaos } from '../support/chaos/run.js';
import type { ChaosOutcome } from '../support/chaos/run.js';
import { scheduleOf } from '../support/chaos/schedule.js';
import { CHAOS_SETTINGS } from '../support/chaos/settings.js';
import { startCluster } from '../support/cluster/cluster.js';
import type { ClusterWithTargets } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import { seededRandom } from '../support/simulation/seeded-random.js';
import { summary } from '../support/stock-client-summary.js';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';

/** `RB_CHAOS_SECONDS=1800 npm run test:chaos` is the long form; `RB_CHAOS_SEED` repeats a run. */
const SECONDS = Number(process.env['RB_CHAOS_SECONDS'] ?? 60);
const SEED = Number(process.env['RB_CHAOS_SEED'] ?? randomInt(1, 1_000_000));
const NODES = 3;
/** A visit that draws a Tor which hangs holds its visitor until it gives up: there are always others. */
const VISITORS = 6;
/** Longer than any single fault takes, so that visitors meet one at a time. */
const RECOVERY_MS = 30_000;
const MEAN_GAP_MS = 4_000;
/**
 * Share of cold visits that are answered within 10 s. A minute has two or three faults that take a node off for some seconds,
 * in which one visitor in three draws it: four runs gave 96.8 to 100 %, and one visit more or less is 1.6 %.
 */
const ANSWERED = SECONDS < 600 ? 0.9 : 0.995;

describe(`a cluster of three in a random run of faults, seed ${String(SEED)}`, () => {
  let network: TorNetwork;
  let cluster: ClusterWithTargets;
  let outcome: ChaosOutcome;
  const visitors: StockClient[] = [];
  const told: string[] = [];

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 12, consensusParams: { hsdir_spread_store: 1 } });
    cluster = await startCluster({
      network,
      nodes: NODES,
      set: CHAOS_SETTINGS,
    });
    for (let i = 0; i < VISITORS; i++)
      visitors.push(await startStockClient(network, { name: `visitor-${String(i)}` }));
    for (const node of cluster.nodes) {
      await node.until(
        'all peers are healthy',
        ({ peers }) => peers.every(({ lifecycle }) => lifecycle === 'healthy'),
        120_000,
      );
    }
    await cluster.nodes[0]!.until(
      'all are published',
      (s) => publishedNodes(s) === 'alpha,beta,gamma',
      60_000,
    );
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail')
      console.error([...told, ...cluster.nodes.flatMap(({ log }) => log.slice(-60))].join('\n'));
  });

  afterAll(async () => {
    for (const visitor of visitors) await visitor.stop();
    await cluster?.stop();
    await network?.stop();
  });

  it(
    'is whole again after the last of them, by itself',
    async () => {
      const schedule = scheduleOf(seededRandom(SEED), {
        nodes: NODES,
        durationMs: SECONDS * 1000,
        meanGapMs: MEAN_GAP_MS,
        recoveryMs: RECOVERY_MS,
      });
      expect(schedule.length).toBeGreaterThan(0);
      const tell = (line: string): void => {
        told.push(line);
      };
      outcome = await runChaos({ cluster, visitors, schedule, durationMs: SECONDS * 1000, tell });
      expect(outcome.missed).toBeLessThan(schedule.length / 4);
    },
    SECONDS * 1000 + 300_000,
  );

  it('answered its visitors throughout', () => {
    const { successRatio, errors, n } = summary(outcome.visits);
    console.log(`${String(n)} visits, ${(successRatio * 100).toFixed(1)} % within 10 s`, errors);
    expect(successRatio).toBeGreaterThanOrEqual(ANSWERED);
  });

  it('never had a lower revision counter accepted than before', () => {
    expect(outcome.counterFalls).toEqual([]);
  });

  it('leaks no file descriptor, thread or child', async () => {
    for (const node of cluster.nodes) {
      const { descriptors, threads, children } = await census(node.pid!);
      expect(descriptors, node.id).toBeLessThan(150);
      expect(threads, node.id).toBeLessThan(40);
      expect(children, node.id).toBeLessThanOrEqual(2);
    }
  });

  it('says what happens in a bounded number of lines', () => {
    for (const { id, log } of cluster.nodes) expect(log.length, id).toBeLessThan(500 + SECONDS * 20);
  });
});
