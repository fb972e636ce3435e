import { LinkFaults } from '../support/netns/link-faults.js';
import { Lan } from '../support/netns/namespace.js';
import { formTunnelCluster, TUNNEL_SETTINGS } from '../support/netns/tunnel-cluster.js';
import { sufferFault, TUNNEL_FAULTS } from '../support/netns/tunnel-faults.js';
import type { TunnelFault } from '../support/netns/tunnel-faults.js';
import { untilWhole } from '../support/netns/tunnel-state.js';
import { loadClient } from '../support/stock-client-load.js';
import { startStockClient } from '../support/stock-client.js';
import { eventually } from '../support/eventually.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/** Seconds of each fault's course, and of each join. */
interface Samples {
  readonly joins: number[];
  readonly expected: Map<TunnelFault, number[]>;
  readonly whole: Map<TunnelFault, number[]>;
}

const add = (to: Map<TunnelFault, number[]>, fault: TunnelFault, ms: number): void => {
  to.set(fault, [...(to.get(fault) ?? []), ms / 1000]);
};

/** A network, a cluster of three, and every fault once. */
const oneCluster = async (samples: Samples, progress: (line: string) => void): Promise<void> => {
  const lan = await Lan.make();
  try {
    const network = await startTorNetwork({ place: lan.place, relays: 9, consensusParams: SELECTIVE_RINGS });
    try {
      const cluster = await formTunnelCluster({
        lan,
        network,
        nodes: 3,
        set: TUNNEL_SETTINGS,
        log: progress,
      });
      try {
        samples.joins.push(...cluster.joinedMs.map((ms) => ms / 1000));
        await untilWhole(cluster);
        const enough = new AbortController();
        const client = await startStockClient(network);
        let ended = 0;
        const load = loadClient({
          clients: [client],
          address: cluster.address,
          mode: 'warm',
          everyMs: 1000,
          durationMs: 3_600_000,
          fetch: { timeoutMs: 10_000 },
          onSample: () => ended++,
          signal: enough.signal,
        });
        const visits = async (count: number): Promise<void> => {
          const upTo = ended + count;
          await eventually('visits end', () => ended >= upTo, { timeoutMs: 60_000 });
        };
        for (const fault of TUNNEL_FAULTS) {
          const { expectedMs, wholeMs } = await sufferFault(fault, {
            cluster,
            links: new LinkFaults(lan),
            visits,
          });
          progress(`${fault.name}: ${(expectedMs / 1000).toFixed(1)} s, ${(wholeMs / 1000).toFixed(1)} s`);
          add(samples.expected, fault, expectedMs);
          add(samples.whole, fault, wholeMs);
        }
        enough.abort();
        await load;
      } finally {
        await cluster.stop();
      }
    } finally {
      await network.stop();
    }
  } finally {
    await lan.end();
  }
};

const figure = (what: string, seconds: readonly number[]): Figure => ({
  what,
  unit: 's',
  spread: spread(seconds),
  target: null,
  met: null,
});

/** What joining takes over WireGuard, and how a cluster of three gets over the faults of its tunnels. */
export const tunnelFigures = async (progress: (line: string) => void, clusters = 3): Promise<Figure[]> => {
  const samples: Samples = { joins: [], expected: new Map(), whole: new Map() };
  for (let run = 0; run < clusters; run++) await oneCluster(samples, progress);
  return [
    figure("`join` run to the node healthy in the first one's eyes", samples.joins),
    ...TUNNEL_FAULTS.flatMap((fault) => [
      figure(`${fault.name}: until ${fault.expected}`, samples.expected.get(fault) ?? []),
      figure(`… and whole again after its end`, samples.whole.get(fault) ?? []),
    ]),
  ];
};
