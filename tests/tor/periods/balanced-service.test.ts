import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAST_SETTINGS, startCluster } from '../../support/cluster/cluster.js';
import type { Cluster } from '../../support/cluster/cluster.js';
import { publishedNodes } from '../../support/cluster/status.js';
import { knownToNode } from '../../support/cluster/tor-of-node.js';
import { untilCalm } from '../../support/tor-network/calm.js';
import { SELECTIVE_RINGS } from '../../support/tor-network/options.js';
import { startTorNetwork } from '../../support/tor-network/network.js';
import type { TorNetwork } from '../../support/tor-network/network-types.js';
import { missedFigures, pooled, refutedFigures, visitThroughPeriod } from '../../support/whole-period.js';
import type { WholePeriod } from '../../support/whole-period.js';

/** 24 voting intervals of 10 s hold both rotations, plus what the first and last visit may take. */
const WHOLE_PERIOD_MS = 250_000;
/** One visit a second makes 250 samples: each that was due is one, whether a client was free for it or not. */
const LEAST_VISITS = 248;
/** Two periods with the starts of their clients. */
const TWO_PERIODS_TIMEOUT_MS = 900_000;

const dump = (period: WholePeriod): string =>
  JSON.stringify({ balanced: period.balanced, plain: period.plain, expected: period.expected }, null, 1);

describe('two nodes that answer for one address', () => {
  let network: TorNetwork;
  let cluster: Cluster;

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 20, consensusParams: SELECTIVE_RINGS });
    cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
    await cluster.nodes[0]!.until(
      'both nodes are published',
      (s) => publishedNodes(s) === 'alpha,beta',
      90_000,
    );
  });

  afterAll(async () => {
    await cluster?.stop();
    await network?.stop();
  });

  // One lost visit of 250 is allowed, and a plain service loses one now and then too: what a period misses is judged
  // again by its visits and those of one more period together, so that a second loss still counts.
  it(
    'stay as reachable as a plain onion service through a whole time period, for cold and for warm clients',
    async () => {
      const visit = async (): Promise<WholePeriod> => {
        const period = await visitThroughPeriod({ network, cluster, durationMs: WHOLE_PERIOD_MS });
        for (const { cold, warm } of [period.balanced, period.plain])
          for (const { n } of [cold, warm]) expect(n, dump(period)).toBeGreaterThanOrEqual(LEAST_VISITS);
        return period;
      };
      const first = await visit();
      const isGood = missedFigures(first).length === 0;
      const judged = isGood ? first : pooled(first, await visit());
      expect(isGood ? [] : refutedFigures(judged), dump(judged)).toEqual([]);
      for (const { share } of [judged.balanced.cold, judged.balanced.warm])
        expect(Object.keys(share).sort(), dump(judged)).toEqual(['alpha', 'beta']);
    },
    TWO_PERIODS_TIMEOUT_MS,
  );

  it('lose the publisher and its Tor to SIGKILL, and the survivor publishes without it within 10 s', async () => {
    const [publisher, survivor] = cluster.nodes;
    // The ring that the survivor publishes to stays the same meanwhile.
    await untilCalm({ network, knowledge: cluster.nodes.map(knownToNode), secs: 20 });
    const beganMs = performance.now();
    await publisher!.killHard();
    await survivor!.until(
      'publishes alone',
      (s) => s.node.role === 'publisher' && publishedNodes(s) === 'beta',
      30_000,
    );
    expect(performance.now() - beganMs).toBeLessThanOrEqual(10_000);
  });
});
