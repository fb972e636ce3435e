import type { NodeId } from '../kernel/brands.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../kernel/logging.js';
import type { Random } from '../kernel/random.js';
import { startAble } from './ability.js';
import type { Ability } from './ability.js';
import type { Refusal } from './admit.js';
import type { SeenCounters } from './counters.js';
import { NOT_DRAINING } from './draining.js';
import type { Draining } from './draining.js';
import { makeFindings } from './findings.js';
import type { Findings } from './findings.js';
import { startListening } from './lease.js';
import type { JoinDesk } from './join/join-desk.js';
import type { LeaseState } from './lease.js';
import type { Membership } from './members.js';
import type { SeenCounter } from './messages.js';
import type { OwnSet } from './own-points.js';
import type { Peer } from './peer.js';
import { EMPTY_SET } from './records/record-set.js';
import type { RecordSet } from './records/record-set.js';
import { followRoster } from './roster.js';
import { fullBudget } from './scale.js';
import type { Budget } from './scale.js';
import { NO_DOUBT } from './self-doubt.js';
import type { Organs, SelfDoubt } from './self-doubt.js';
import type { CarriedNodes, RivalDescriptor } from '../publisher/messages.js';
import type { Departure } from '../tor/messages.js';
import type { TransportName } from '../wg/messages.js';
import type { ElectionSettings } from './settings.js';
import type { SetDigest } from './wire/message-types.js';
import { NO_DIGEST } from './wire/encode-message.js';

/** What the election may touch of the world. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Hands a sealed datagram to the transport named, or to the best one that is up. */
  send(to: NodeId, datagram: Uint8Array, via: TransportName | null): void;
  /** Closes rendezvous circuits of this node's Tor. */
  closeCircuits(ids: readonly string[]): void;
  /** Keeps the records for the next start. */
  keep(records: RecordSet): void;
}

/** Everything an ElectionActor knows. Steps and handlers change it; nothing else does. */
export interface ClusterState {
  readonly configured: ElectionSettings;
  readonly membership: Membership;
  readonly hasKey: boolean;
  readonly findings: Findings;
  readonly refusals: Partial<Record<Refusal, number>>;
  readonly startedMs: number;

  /** The configured settings, for a cluster of this size. */
  settings: ElectionSettings;
  records: RecordSet;
  /** Everybody else who belongs to the cluster (roster.ts). */
  peers: readonly Peer[];
  /** By tag in hex. */
  byTag: ReadonlyMap<string, Peer>;
  membersDigest: SetDigest;
  /** When somebody was last added or removed. */
  rosterChangedMs: number;
  /** Whether the roster was followed once: whoever comes afterwards has joined. */
  isFollowing: boolean;
  /** This node was removed from the cluster: it publishes nothing, and has no peers. */
  isExpelled: boolean;
  /** Its cluster does not know of this node yet (pending.ts): it publishes nothing. */
  isPending: boolean;
  budget: Budget;
  /** When records may be compared with any peer again. */
  nextSummaryMs: number;
  /** Who takes joins and decides about tokens; null where no records are kept. */
  desk: Pick<JoinDesk, 'onRequest' | 'onAnswer'> | null;
  /** Where in the list of peers telling goes on. */
  turn: number;

  /** Our boot epoch. */
  epoch: number;
  /** When the step asked to be woken: how late it is tells whether we could listen. */
  wakeAtMs: number | null;
  doubt: SelfDoubt;
  organs: Organs;
  /** Which of this node's own transports are up. */
  transportsUp: ReadonlySet<TransportName>;
  ability: Ability;
  lease: LeaseState;
  /** Whether this node's publisher leaves the HSDirs as they are although the lease is ours. */
  publisherWithholds: boolean;
  /** Another publisher's descriptor, as long as the HSDirs are known to hold one. */
  rival: { readonly descriptor: RivalDescriptor; readonly sinceMs: number } | null;
  draining: Draining;
  /** The last drain ended with this node still in the descriptor. */
  lastDrainFailed: boolean;
  /** What TorActor says of this node's circuits while they go. */
  departure: Departure | null;
  /** Whose introduction points the HSDirs hold by this node's own publishing; null before any. */
  carried: CarriedNodes | null;
  /** Who publishes, as far as this node knows. */
  holder: NodeId | null;
  /** Wall clock of the last change of role or holder, ms. */
  roleSinceMs: number;
  /** Changes with what our heartbeat says. */
  revision: number;
  statementKey: string;
  ownSet: OwnSet | null;
  ownCounters: readonly SeenCounter[];
  counters: SeenCounters;
  /** Once the peers' points were complete, or waited for long enough, after a start. */
  pointsComplete: boolean;
}

/**
 * The boot epoch is the wall clock at start, so a restarted node has a higher one. Where the clock stepped back
 * meanwhile, its peers say so (epoch-notice) and it goes one above what they know: nothing need be kept on disk.
 */
const bootEpoch = (wallMs: number): number => Math.max(1, Math.floor(wallMs));

/** Revisions begin anywhere, so that a peer cannot mistake our first state for one from before a restart. */
const firstRevision = (random: Random): number => 1 + Math.floor(random.uniform() * 2 ** 30);

export const newClusterState = (
  configured: ElectionSettings,
  membership: Membership,
  hasKey: boolean,
  world: World,
  records: RecordSet = EMPTY_SET,
): ClusterState => {
  const { clock, random, log } = world;
  const nowMs = clock.monotonicMs();
  const state: ClusterState = {
    configured,
    settings: configured,
    membership,
    hasKey,
    records,
    peers: [],
    byTag: new Map(),
    membersDigest: NO_DIGEST,
    rosterChangedMs: nowMs,
    isFollowing: false,
    isExpelled: false,
    isPending: false,
    budget: fullBudget(nowMs),
    nextSummaryMs: nowMs,
    desk: null,
    turn: 0,
    findings: makeFindings(log),
    refusals: {},
    startedMs: nowMs,
    epoch: bootEpoch(clock.wallMs()),
    wakeAtMs: null,
    doubt: NO_DOUBT,
    organs: { tor: 'unknown', transport: 'unknown' },
    transportsUp: new Set(),
    ability: startAble(nowMs),
    lease: startListening(nowMs, configured),
    publisherWithholds: false,
    rival: null,
    draining: NOT_DRAINING,
    lastDrainFailed: false,
    departure: null,
    carried: null,
    holder: null,
    roleSinceMs: clock.wallMs(),
    revision: firstRevision(random),
    statementKey: '',
    ownSet: null,
    ownCounters: [],
    counters: new Map(),
    pointsComplete: false,
  };
  followRoster(state, world, nowMs);
  return state;
};

/** All introduction points that this node could put into a descriptor. */
export const visiblePoints = (state: ClusterState): number =>
  (state.ownSet?.count ?? 0) +
  state.peers.reduce((sum, peer) => sum + (peer.inbox.committed?.points.length ?? 0), 0);

/** Whether this node holds the lease without publishing by it. */
export const withholds = (state: ClusterState): boolean =>
  state.lease.role === 'publisher' && state.publisherWithholds;
