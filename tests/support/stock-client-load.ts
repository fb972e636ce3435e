import { setTimeout as delay } from 'node:timers/promises';
import type { FetchFailure, FetchOptions } from './stock-client-http.js';
import type { StockClient } from './stock-client.js';

/** `cold`: the client's cached descriptor is dropped before each visit. `warm`: it keeps what it has. */
export type LoadMode = 'cold' | 'warm';

export interface LoadOptions {
  /**
   * Visitors. A cold visit needs a client to itself, since dropping a descriptor would cut into another visit:
   * with one visit a second, two or three clients are enough. Warm visits share a client.
   */
  readonly clients: readonly StockClient[];
  readonly address: string;
  readonly mode: LoadMode;
  readonly everyMs: number;
  readonly durationMs: number;
  /** Visits under way at once; the default is one a client when cold, 16 in all when warm. */
  readonly concurrency?: number;
  readonly fetch?: FetchOptions;
  readonly onSample?: (sample: LoadSample) => void;
  /** Ends the load early; visits under way are still waited for. */
  readonly signal?: AbortSignal;
}

/** One visit. */
export interface LoadSample {
  /** Unix milliseconds when the visit was due and when it began: later where all clients were taken. */
  readonly dueMs: number;
  readonly startMs: number;
  /** From the start to the last byte, or to the failure. */
  readonly ms: number;
  readonly ok: boolean;
  readonly node: string | undefined;
  readonly status: number | undefined;
  readonly error: FetchFailure | undefined;
}

const DEFAULT_WARM_CONCURRENCY = 16;

const visit = async (client: StockClient, options: LoadOptions, dueMs: number): Promise<LoadSample> => {
  const startMs = Date.now();
  try {
    if (options.mode === 'cold') await client.dropDescriptor(options.address);
    const { ms, ok, node, status, error } = await client.fetch(options.address, options.fetch);
    return { dueMs, startMs, ms, ok, node, status, error };
  } catch (thrown) {
    // The client's own Tor is gone: that is a failed visit too, and the load goes on.
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const lost = {
      ok: false,
      node: undefined,
      status: undefined,
      error: { stage: 'socks', message } as const,
    };
    return { dueMs, startMs, ms: Date.now() - startMs, ...lost };
  }
};

/** Who may go next: clients with a free place, longest idle first. */
const placesOf = (
  clients: readonly StockClient[],
  mode: LoadMode,
  concurrency: number | undefined,
): StockClient[] => {
  if (mode === 'cold') return clients.slice(0, concurrency ?? clients.length);
  const places = concurrency ?? DEFAULT_WARM_CONCURRENCY;
  return Array.from({ length: places }, (_, i) => clients[i % clients.length]).filter(
    (client) => client !== undefined,
  );
};

/** The next due time on the grid after `dueMs`, leaving out those that have passed meanwhile but the last. */
const nextDue = (dueMs: number, everyMs: number, nowMs: number): number =>
  dueMs + everyMs * Math.max(1, Math.floor((nowMs - dueMs) / everyMs));

/**
 * Visits an address at a fixed pace and gives one sample a visit, in the order of their starts. A visit that is due
 * while all places are taken waits for one (`dueMs` shows it), and those that fall due meanwhile are left out: an
 * overloaded machine makes fewer visits, never a longer load.
 */
export const loadClient = async (options: LoadOptions): Promise<LoadSample[]> => {
  const free = placesOf(options.clients, options.mode, options.concurrency);
  if (free.length === 0) throw new RangeError('a load needs at least one client');
  const samples: LoadSample[] = [];
  const underWay = new Set<Promise<void>>();
  const began = Date.now();
  const goOn = (dueMs: number): boolean =>
    dueMs < began + options.durationMs && options.signal?.aborted !== true;
  for (let dueMs = began; goOn(dueMs); dueMs = nextDue(dueMs, options.everyMs, Date.now())) {
    await delay(Math.max(0, dueMs - Date.now()));
    while (free.length === 0) await Promise.race(underWay);
    const client = free.shift();
    if (client === undefined) continue;
    const going = visit(client, options, dueMs).then((sample) => {
      samples.push(sample);
      options.onSample?.(sample);
      free.push(client);
      underWay.delete(going);
    });
    underWay.add(going);
  }
  await Promise.all(underWay);
  return samples.sort((one, other) => one.startMs - other.startMs);
};
