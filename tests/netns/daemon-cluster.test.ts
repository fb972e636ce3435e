import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { measured } from '../support/measured.js';
import { LinkFaults } from '../support/netns/link-faults.js';
import { Lan } from '../support/netns/namespace.js';
import { formTunnelCluster, TUNNEL_SETTINGS } from '../support/netns/tunnel-cluster.js';
import type { TunnelCluster } from '../support/netns/tunnel-cluster.js';
import { sufferFault, TUNNEL_FAULTS } from '../support/netns/tunnel-faults.js';
import { untilWhole } from '../support/netns/tunnel-state.js';
import { loadClient } from '../support/stock-client-load.js';
import type { LoadSample } from '../support/stock-client-load.js';
import { startStockClient } from '../support/stock-client.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';

/** One visit a second: three clients, since a visit to a node that has just gone keeps one for its whole patience. */
const VISITS = { mode: 'cold', everyMs: 1000, durationMs: 3_600_000, fetch: { timeoutMs: 10_000 } } as const;
const CLIENTS = 3;

describe('three machines that meet through tunnels', () => {
  let lan: Lan;
  let network: TorNetwork;
  let cluster: TunnelCluster;
  let links: LinkFaults;
  const visits: LoadSample[] = [];
  const enough = new AbortController();
  let load: Promise<unknown> = Promise.resolve();

  const untilVisited = async (count: number): Promise<void> => {
    const before = visits.length;
    await eventually(`${String(count)} more visits`, () => visits.length >= before + count, {
      timeoutMs: 60_000,
    });
  };

  beforeAll(async () => {
    lan = await Lan.make();
    network = await startTorNetwork({ place: lan.place, relays: 9, consensusParams: SELECTIVE_RINGS });
    cluster = await formTunnelCluster({ lan, network, nodes: 3, set: TUNNEL_SETTINGS });
    links = new LinkFaults(lan);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => startStockClient(network)));
    const onSample = (sample: LoadSample): void => void visits.push(sample);
    load = loadClient({ ...VISITS, clients, address: cluster.address, onSample, signal: enough.signal });
  }, 240_000);

  afterAll(async () => {
    enough.abort();
    await load;
    await cluster?.stop();
    await network?.stop();
    await lan?.end();
  }, 60_000);

  it('are whole and answer for one address after init and join alone', async () => {
    await untilWhole(cluster);
    await eventually('all three answer', () => new Set(visits.map(({ node }) => node)).size === 3, {
      timeoutMs: 60_000,
    });
    expect(visits.filter(({ ok }) => !ok)).toEqual([]);
  });

  for (const fault of TUNNEL_FAULTS) {
    it(`stay reachable and are whole again: ${fault.name}`, async () => {
      const fromMs = Date.now();
      const { expectedMs, wholeMs } = await sufferFault(fault, { cluster, links, visits: untilVisited });
      measured(`${fault.name}: ${fault.expected}`, expectedMs / 1000);
      measured(`${fault.name}, and that has ended: whole again`, wholeMs / 1000);
      // Those that began last are given the time to end.
      await untilVisited(2);
      const failed = visits.filter(({ ok, startMs }) => !ok && startMs > fromMs + fault.visitsMayFailMs);
      expect(failed).toEqual([]);
    }, 150_000);
  }
});
