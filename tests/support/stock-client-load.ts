import { systemClock, type Clock } from '@rustbalance/actors/kernel/clock.js';
import type { FetchFailure, FetchOptions } from './stock-client-http.js';
import type { StockClient } from './stock-client.js';
import { VisitorPlaces } from './visitor-places.js';

/** `cold`: the client's cached descriptor is dropped before each visit. `warm`: it keeps what it has. */
export type LoadMode = 'cold' | 'warm';

/** What a load needs of a client. */
export type Visitor = Pick<StockClient, 'fetch' | 'dropDescriptor'>;

export interface LoadOptions {
  /**
   * Visitors. A cold visit needs a client to itself, since dropping a descriptor would cut into another visit:
   * with one visit a second, two or three clients are enough. Warm visits share a client.
   */
  readonly clients: readonly Visitor[];
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
  readonly clock?: Clock;
}

/** `load`: no client was free, so that the service was never asked. */
export type LoadFailure = FetchFailure | { readonly stage: 'load'; readonly message: string };

/** One visit. */
export interface LoadSample {
  /** Unix milliseconds when the visit was due and when it began: later where all clients were taken. */
  readonly dueMs: number;
  readonly startMs: number;
  /**
   * From when it was due to the last byte, or to the failure. Counting from the start would leave out the wait behind
   * a slow visit, and so make the service look best when it is worst.
   */
  readonly ms: number;
  readonly ok: boolean;
  readonly node: string | undefined;
  readonly status: number | undefined;
  readonly error: LoadFailure | undefined;
}

const DEFAULT_WARM_CONCURRENCY = 16;

/**
 * How long a visit that is due waits for a free client. After 10 s it is too late for every figure that is judged; a
 * longer wait would only make the load outlast its time where the service is dead.
 */
export const PATIENCE_MS = 10_000;

type Outcome = Pick<LoadSample, 'ok' | 'node' | 'status' | 'error'>;

const failed = (error: LoadFailure): Outcome => ({ ok: false, node: undefined, status: undefined, error });

const visit = async (client: Visitor, { address, mode, fetch }: LoadOptions): Promise<Outcome> => {
  try {
    if (mode === 'cold') await client.dropDescriptor(address);
    const { ok, node, status, error } = await client.fetch(address, fetch);
    return { ok, node, status, error };
  } catch (thrown) {
    // The client's own Tor is gone: that is a failed visit too, and the load goes on.
    return failed({ stage: 'socks', message: thrown instanceof Error ? thrown.message : String(thrown) });
  }
};

const visitorsOf = ({ clients, mode, concurrency }: LoadOptions): Visitor[] => {
  if (mode === 'cold') return clients.slice(0, concurrency ?? clients.length);
  const places = concurrency ?? DEFAULT_WARM_CONCURRENCY;
  return Array.from({ length: places }, (_, i) => clients[i % clients.length]).filter(
    (client) => client !== undefined,
  );
};

/**
 * Visits an address at a fixed pace and gives one sample for each time that is due, in their order, whatever the visits
 * take: one that is due while all places are taken waits for the next free one, and has failed when none comes in
 * PATIENCE_MS.
 */
export const loadClient = async (options: LoadOptions): Promise<LoadSample[]> => {
  const { clock = systemClock, everyMs, durationMs, onSample, signal } = options;
  const visitors = visitorsOf(options);
  if (visitors.length === 0) throw new RangeError('a load needs at least one client');
  const places = new VisitorPlaces(visitors, clock);
  const began = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  const elapsed = (): number => clock.monotonicMs() - began.monotonicMs;

  const visitDueAt = async (dueAfterMs: number): Promise<LoadSample> => {
    const client = await places.take(PATIENCE_MS);
    const startedAfterMs = elapsed();
    const outcome =
      client === null
        ? failed({ stage: 'load', message: `no client was free for ${String(PATIENCE_MS / 1000)} s` })
        : await visit(client, options);
    if (client !== null) places.giveBack(client);
    const sample = {
      dueMs: began.wallMs + dueAfterMs,
      startMs: began.wallMs + startedAfterMs,
      ms: elapsed() - dueAfterMs,
      ...outcome,
    };
    onSample?.(sample);
    return sample;
  };

  const visits: Promise<LoadSample>[] = [];
  for (let dueAfterMs = 0; dueAfterMs < durationMs && signal?.aborted !== true; dueAfterMs += everyMs) {
    await new Promise<void>((resolve) => clock.after(Math.max(0, dueAfterMs - elapsed()), resolve));
    visits.push(visitDueAt(dueAfterMs));
  }
  return Promise.all(visits);
};
