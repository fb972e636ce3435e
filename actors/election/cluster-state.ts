import type { NodeId } from '../kernel/brands.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../kernel/logging.js';
import type { Random } from '../kernel/random.js';
import { startAble } from './ability.js';
import type { Ability } from './ability.js';
import type { Refusal } from './admit.js';
import type { SeenCounters } from './counters.js';
import { makeFindings } from './findings.js';
import type { Findings } from './findings.js';
import { startListening } from './lease.js';
import type { LeaseState } from './lease.js';
import type { Membership } from './members.js';
import type { SeenCounter } from './messages.js';
import type { OwnSet } from './own-points.js';
import { newPeer } from './peer.js';
import type { Peer } from './peer.js';
import { NO_DOUBT } from './self-doubt.js';
import type { Organs, SelfDoubt } from './self-doubt.js';
import type { ElectionSettings } from './settings.js';
import { tagKey } from './wire/header.js';
import type { SetDigest } from './wire/message-types.js';
import { membersDigest } from './wire/set-digest.js';

/** What the election may touch of the world. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Hands a sealed datagram to the transports. */
  send(to: NodeId, datagram: Uint8Array): void;
}

/** Everything an ElectionActor knows. Steps and handlers change it; nothing else does. */
export interface ClusterState {
  readonly settings: ElectionSettings;
  readonly membership: Membership;
  readonly hasKey: boolean;
  readonly peers: readonly Peer[];
  /** By tag in hex. */
  readonly byTag: ReadonlyMap<string, Peer>;
  readonly membersDigest: SetDigest;
  readonly findings: Findings;
  readonly refusals: Partial<Record<Refusal, number>>;
  readonly startedMs: number;

  /** Our boot epoch. */
  epoch: number;
  /** When the step asked to be woken: how late it is tells whether we could listen. */
  wakeAtMs: number | null;
  doubt: SelfDoubt;
  organs: Organs;
  ability: Ability;
  lease: LeaseState;
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
  settings: ElectionSettings,
  membership: Membership,
  hasKey: boolean,
  { clock, random, log }: World,
): ClusterState => {
  const nowMs = clock.monotonicMs();
  const peers = membership.members.map((member) => newPeer(member, nowMs));
  const { self, members } = membership;
  return {
    settings,
    membership,
    hasKey,
    peers,
    byTag: new Map(peers.map((peer) => [tagKey(peer.member.tag), peer])),
    membersDigest: membersDigest([
      ...members,
      ...(self.publicKey === null ? [] : [{ id: self.id, publicKey: self.publicKey }]),
    ]),
    findings: makeFindings(log),
    refusals: {},
    startedMs: nowMs,
    epoch: bootEpoch(clock.wallMs()),
    wakeAtMs: null,
    doubt: NO_DOUBT,
    organs: { tor: 'unknown', transport: 'unknown' },
    ability: startAble(nowMs),
    lease: startListening(nowMs, settings),
    holder: null,
    roleSinceMs: clock.wallMs(),
    revision: firstRevision(random),
    statementKey: '',
    ownSet: null,
    ownCounters: [],
    counters: new Map(),
    pointsComplete: false,
  };
};

/** All introduction points that this node could put into a descriptor. */
export const visiblePoints = (state: ClusterState): number =>
  (state.ownSet?.count ?? 0) +
  state.peers.reduce((sum, peer) => sum + (peer.inbox.committed?.points.length ?? 0), 0);
