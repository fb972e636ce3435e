import { eventually } from './eventually.js';
import { startStockClient } from './stock-client.js';
import type { StockClient } from './stock-client.js';
import { loadClient } from './stock-client-load.js';
import type { LoadSample } from './stock-client-load.js';
import type { TorNetwork } from './tor-network/network-types.js';
import { warmVisitors } from './warm-visitors.js';

const CLIENTS = 5;
/** Each with a circuit that it keeps and uses twice in a second: fifty connections in a second between them. */
const VISITORS = 25;
const EVERY_MS = 20;
const LONGEST_MS = 30 * 60_000;

/** Fifty connections a second by visitors who were there before. */
export interface WarmLoad {
  /** So far. */
  readonly samples: readonly LoadSample[];
  /** Who answered the first visits. */
  readonly first: ReadonlySet<string | undefined>;
  /** No visit begins any more; resolves when the last has ended. */
  end(): Promise<void>;
}

export const startWarmClients = (network: TorNetwork, name: string): Promise<readonly StockClient[]> =>
  Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => startStockClient(network, { name: `${name}-${String(i)}` })),
  );

/** Begins when each visitor has been answered once, so that all have a circuit. */
export const startWarmLoad = async (
  clients: readonly StockClient[],
  address: string,
  onSample: (sample: LoadSample) => void = () => undefined,
): Promise<WarmLoad> => {
  const visitors = warmVisitors(clients, VISITORS);
  const first = new Set<string | undefined>();
  for (const visitor of visitors) {
    const { node } = await eventually(
      'a first visit',
      async () => {
        const fetched = await visitor.fetch(address);
        return fetched.ok ? fetched : null;
      },
      { timeoutMs: 60_000 },
    );
    first.add(node);
  }
  const ending = new AbortController();
  const samples: LoadSample[] = [];
  const load = loadClient({
    clients: visitors,
    concurrency: VISITORS,
    address,
    mode: 'warm',
    everyMs: EVERY_MS,
    durationMs: LONGEST_MS,
    signal: ending.signal,
    onSample: (sample) => {
      samples.push(sample);
      onSample(sample);
    },
  });
  return {
    samples,
    first,
    end: async () => {
      ending.abort();
      await load;
    },
  };
};
