import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { visitThroughPeriod } from '../support/whole-period.js';
import type { WholePeriod } from '../support/whole-period.js';

/** 24 voting intervals of 10 s hold both rotations, plus what the first and last visit may take. */
const WHOLE_PERIOD_MS = 250_000;

const dump = (period: WholePeriod): string =>
  JSON.stringify({ balanced: period.balanced, plain: period.plain }, null, 1);

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

  // Of 250 visits one may fail, and a plain service loses one now and then too: a period that misses a figure is
  // followed by one more, and only two in a row that miss are a failure.
  it(
    'stay as reachable as a plain onion service through a whole time period, for cold and for warm clients',
    { retry: 1 },
    async () => {
      const period = await visitThroughPeriod({ network, cluster, durationMs: WHOLE_PERIOD_MS });
      const { balanced, plain } = period;
      for (const mode of ['cold', 'warm'] as const) {
        expect(balanced[mode].n, dump(period)).toBeGreaterThan(200);
        expect(balanced[mode].successRatio, dump(period)).toBeGreaterThanOrEqual(0.995);
        expect(balanced[mode].p50 / plain[mode].p50, dump(period)).toBeLessThanOrEqual(1.2);
        expect(balanced[mode].p95 / plain[mode].p95, dump(period)).toBeLessThanOrEqual(1.5);
      }
      for (const share of Object.values(balanced.cold.share)) {
        expect(share, dump(period)).toBeGreaterThanOrEqual(0.4);
        expect(share, dump(period)).toBeLessThanOrEqual(0.6);
      }
    },
  );

  it('lose the publisher and its Tor to SIGKILL, and the survivor publishes without it within 10 s', async () => {
    const [publisher, survivor] = cluster.nodes;
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
