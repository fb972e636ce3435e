import type { NetworkBehaviour } from './torrc.js';

/** Where the network's Tors run. */
export interface NetworkPlace {
  /** What goes in front of each Tor's command, e.g. `nsenter` into a network namespace. */
  readonly enter: readonly string[];
  /** The IPv4 address to which they are bound there. */
  readonly address: string;
}

const LOOPBACK: NetworkPlace = { enter: [], address: '127.0.0.1' };

/** What kind of network to start. */
export interface TorNetworkOptions {
  /** Where everything is put; a new folder under the system's temporary one unless told. Removed by stop(). */
  readonly dir?: string;
  /** Default: on 127.0.0.1. */
  readonly place?: NetworkPlace;
  /** Directory authorities; they are relays and HSDirs too. Default 3. */
  readonly authorities?: number;
  /** Relays beside the authorities. Default 7. */
  readonly relays?: number;
  /** Seconds between two consensuses; default 10, the shortest that Tor takes. See VOTING_INTERVALS. */
  readonly votingIntervalSecs?: number;
  /** Default `testing`. With `production` the voting interval is 300 s and votingIntervalSecs must not be given. */
  readonly behaviour?: NetworkBehaviour;
  /** Consensus parameters, e.g. SELECTIVE_RINGS. */
  readonly consensusParams?: Readonly<Record<string, number>>;
  /**
   * Start with a previous and a current shared random value, as every network has that is older than two runs.
   * Default true. Without, the first 24 to 48 voting intervals have fewer values, and Tor uses its fallback.
   */
  readonly sharedRandomFromStart?: boolean;
  /** Lines of progress, for people. */
  readonly log?: (line: string) => void;
  readonly readyTimeoutMs?: number;
  /** Gives the start up; what was started by then is stopped. */
  readonly signal?: AbortSignal;
}

/**
 * One HSDir a replica instead of four, so that in a small network a wrong HSDir shows as a failed fetch. Clients ask
 * as selectively as services store: otherwise two of three cold fetches begin with an HSDir that holds nothing.
 */
export const SELECTIVE_RINGS = { hsdir_spread_store: 1, hsdir_spread_fetch: 1 } as const;

/**
 * Voting intervals for which Tor's testing arithmetic comes out even: a time period is 24 intervals rounded down to
 * whole minutes, starts 12 intervals (rounded likewise) after midnight's, and intervals must divide a day
 * (rend-spec-v3 §2.2.1, dir-spec).
 */
export const VOTING_INTERVALS: readonly number[] = [10, 15, 20, 30, 60];

export type ResolvedOptions = Required<Omit<TorNetworkOptions, 'dir' | 'signal'>> & {
  readonly dir: string | undefined;
};

// The least that a Tor without TestingTorNetwork takes ("freshness interval is too short" otherwise).
const PRODUCTION_VOTING_INTERVAL = 300;
const DEFAULT_READY_TIMEOUT_MS = 120_000;

/** Fills in the defaults. @throws RangeError for what Tor would refuse or misunderstand */
export const resolveOptions = (options: TorNetworkOptions): ResolvedOptions => {
  const behaviour = options.behaviour ?? 'testing';
  const intervals = behaviour === 'testing' ? VOTING_INTERVALS : [PRODUCTION_VOTING_INTERVAL];
  const resolved: ResolvedOptions = {
    dir: options.dir,
    place: options.place ?? LOOPBACK,
    authorities: options.authorities ?? 3,
    relays: options.relays ?? 7,
    votingIntervalSecs: options.votingIntervalSecs ?? intervals[0] ?? PRODUCTION_VOTING_INTERVAL,
    behaviour,
    consensusParams: options.consensusParams ?? {},
    sharedRandomFromStart: options.sharedRandomFromStart ?? true,
    log: options.log ?? (() => undefined),
    readyTimeoutMs: options.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS,
  };
  if (!intervals.includes(resolved.votingIntervalSecs)) {
    throw new RangeError(`votingIntervalSecs must be one of ${intervals.join(', ')}`);
  }
  if (resolved.authorities < 1 || resolved.relays < 0) throw new RangeError('at least one authority');
  return resolved;
};
