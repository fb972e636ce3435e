import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { NodeId } from '../kernel/brands.js';
import { fact, order } from '../kernel/message-declaration.js';
import type { TransportName } from '../wg/messages.js';

export type Role = 'publisher' | 'standby';

export type Lifecycle = 'joining' | 'initializing' | 'healthy' | 'unhealthy' | 'dead';

export interface RoleView {
  readonly role: Role;
  /** Who holds the lease as far as this node knows. */
  readonly publisher: NodeId | null;
  readonly sinceMs: number;
}

export interface PeerView {
  readonly id: NodeId;
  readonly lifecycle: Lifecycle;
  readonly role: Role;
  readonly priority: number;
  /** Seconds since the last authentic message; null when there was none. */
  readonly lastSeenSecs: number | null;
  readonly transport: TransportName | null;
  readonly introPoints: number;
  /** Its clock minus ours, seconds, round-trip corrected; null while unknown. */
  readonly clockOffsetSecs: number | null;
  readonly roundTripMs: number | null;
}

/** Another node's introduction points, as authenticated from its own messages; not yet held against the consensus. */
export interface NodeIntroductionPoints {
  readonly node: NodeId;
  readonly points: readonly IntroductionPoint[];
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
  /** Wall clock (ms) of this node at which the change arrived. */
  readonly receivedAtMs: number;
}

/** The highest counter input n that any node was seen to use, per time period: the fence between publishers. */
export interface SeenCounter {
  readonly timePeriod: TimePeriodNumber;
  readonly n: number;
}

export const electionMessages = {
  /** Not told while a starting node still listens for a publisher (three probes at most). */
  'election.role': fact<RoleView>(),
  'election.peers': fact<{ readonly peers: readonly PeerView[] }>(),
  /** The points of every peer that belongs into the descriptor now (dead and removed ones are left out). */
  'election.introduction-points': fact<{ readonly nodes: readonly NodeIntroductionPoints[] }>(),
  'election.counters': fact<{ readonly counters: readonly SeenCounter[] }>(),
  /** Gives the lease back if another node can publish, e.g. by a repair; a shutdown does so by itself. */
  'election.step-down': order<{ readonly reason: string }>(),
} as const;
