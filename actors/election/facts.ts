import type { ActorContext } from '../kernel/actor.js';
import type { ClusterState } from './cluster-state.js';
import { counterList } from './counters.js';
import type { SeenCounters } from './counters.js';
import type { NodeIntroductionPoints, PeerView } from './messages.js';
import { joinPathHash, joinSecret } from '../kernel/cluster-keys.js';
import type { JoinTokenId } from '../kernel/cluster-keys.js';
import { COMPLETE_PROBES, absentMembers } from './absent.js';
import { drainView, leavesOut } from './draining.js';
import { lacksPoints, pointCount } from './peer.js';
import type { Peer } from './peer.js';
import type { CommittedSet } from './points-inbox.js';
import { joinTokensOf, tokenState } from './records/views.js';

type Publish = ActorContext<'election'>['publish'];

/** Seconds and round trips move all the time; between changes that matter they are told this often. */
const PEERS_EVERY_MS = 1000;

/** Tokens whose door is open. Where a node has no peers and no tokens it looks again when something happens. */
const openTokens = (state: ClusterState, nowSecs: number): readonly JoinTokenId[] =>
  state.isExpelled
    ? []
    : joinTokensOf(state.records)
        .filter(
          (token) => ['live', 'spent'].includes(tokenState(token, nowSecs)) && nowSecs <= token.notAfter,
        )
        .map(({ tokenId }) => tokenId);

const rounded = (value: number | null, step: number): number | null =>
  value === null ? null : Math.round(value / step) * step;

export const peerView = (peer: Peer, nowMs: number): PeerView => {
  const { heardMs } = peer.detection;
  const { offsetMs, roundTripMs } = peer.clock;
  return {
    id: peer.member.id,
    lifecycle: peer.lifecycle,
    role: peer.statement?.flags.publisher === true && peer.lifecycle !== 'dead' ? 'publisher' : 'standby',
    priority: peer.statement?.priority ?? 0,
    lastSeenSecs: heardMs === null ? null : Math.max(0, Math.floor((nowMs - heardMs) / 1000)),
    transport: peer.transport,
    introPoints: pointCount(peer),
    draining: peer.drain.word,
    clockOffsetSecs: offsetMs === null ? null : (rounded(offsetMs, 10) ?? 0) / 1000,
    roundTripMs: rounded(roundTripMs, 1),
  };
};

/** What of a peer's view is told at once when it changes. */
const weighty = (peer: Peer): string =>
  `${peer.lifecycle} ${peer.statement?.flags.publisher === true} ${peer.statement?.priority ?? 0} ${pointCount(peer)} ${peer.drain.word} ${peer.transport ?? '-'}`;

const pointsOf = (peer: Peer, set: CommittedSet | null): readonly NodeIntroductionPoints[] => {
  if (set === null) return [];
  return [
    {
      node: peer.member.id,
      points: set.points,
      create2Formats: set.create2Formats,
      flowControl: set.flowControl,
      causedAtMs: set.causedAtMs,
    },
  ];
};

/** It may still answer: it was not heard since the start, which need not mean that it is dead. */
const isUnknown = (peer: Peer): boolean => peer.judgement.standing === 'unknown';

/**
 * After a start the peers' sets arrive one by one. Told at once, each would be a descriptor poorer than what the
 * HSDirs hold; so nothing is told before all of them are there, or have been waited for.
 */
const isComplete = (state: ClusterState, nowMs: number): boolean => {
  if (state.pointsComplete) return true;
  if (state.lease.role === 'listening') return false;
  const waited = nowMs - state.startedMs >= COMPLETE_PROBES * state.settings.probeMs;
  const answering = nowMs < state.lease.listenUntilMs;
  return waited || !state.peers.some((peer) => lacksPoints(peer) || (answering && isUnknown(peer)));
};

/**
 * Publishes this node's facts; what is unchanged is not sent again by the context. Returns when it wants to run again
 * although nothing changed; null for never.
 */
export interface FactPublisher {
  /** Before anything is sent: transports must know a new member before they are given something for it. */
  readonly members: (state: ClusterState, wallMs: number) => void;
  readonly all: (state: ClusterState, nowMs: number) => number | null;
}

/** @param viaMaster joins are taken at the master address */
export const factPublisher = (publish: Publish, viaMaster: boolean): FactPublisher => {
  let toldPeers = '';
  let nextPeersMs = 0;
  let toldCounters: SeenCounters | null = null;
  let toldMembers: readonly Peer[] | null = null;
  let toldTokens = '';
  let toldSets: readonly (CommittedSet | null)[] | null = null;

  const tellPeers = (state: ClusterState, nowMs: number): void => {
    const telling = state.peers.map(weighty).join();
    if (telling === toldPeers && nowMs < nextPeersMs) return;
    toldPeers = telling;
    nextPeersMs = nowMs + PEERS_EVERY_MS;
    publish('election.peers', { peers: state.peers.map((peer) => peerView(peer, nowMs)) });
  };

  // Steps run at every datagram: what has not been replaced since the last is not looked into.
  const tellCounters = (state: ClusterState): void => {
    if (state.counters === toldCounters) return;
    toldCounters = state.counters;
    publish('election.counters', { counters: counterList(state.counters) });
  };

  const tellMembers = (state: ClusterState, nowSecs: number): void => {
    const joinTokens = openTokens(state, nowSecs);
    const telling = joinTokens.map((id) => Buffer.from(id).toString('hex')).join();
    if (state.peers === toldMembers && telling === toldTokens) return;
    toldMembers = state.peers;
    toldTokens = telling;
    const members = state.peers.map(({ member: { id, publicKey, addresses } }) => ({
      id,
      publicKey,
      addresses,
    }));
    publish('election.members', { members, joinTokens });
    const { secret } = state.membership;
    if (!viaMaster || secret === null) return;
    publish('election.join-paths', { hashes: joinTokens.map((id) => joinPathHash(joinSecret(secret, id))) });
  };

  const tellPoints = (state: ClusterState): void => {
    const sets = state.peers.map((peer) => (leavesOut(state, peer) ? null : peer.inbox.committed));
    if (toldSets?.length === sets.length && sets.every((set, index) => set === toldSets?.[index])) return;
    toldSets = sets;
    publish('election.introduction-points', {
      nodes: state.peers.flatMap((peer, index) => pointsOf(peer, sets[index] ?? null)),
    });
  };

  const tellAll = (state: ClusterState, nowMs: number): number | null => {
    tellPeers(state, nowMs);
    tellCounters(state);
    publish('election.drain-state', drainView(state));
    state.pointsComplete = isComplete(state, nowMs);
    if (state.pointsComplete) tellPoints(state);
    // While it listens a node has no role; after a restart its predecessor's word holds until then.
    if (state.lease.role !== 'listening') {
      publish('election.role', {
        role: state.lease.role === 'publisher' ? 'publisher' : 'standby',
        publisher: state.holder,
        sinceMs: state.roleSinceMs,
        absent: absentMembers(state, nowMs),
      });
    }
    return state.peers.length === 0 && toldTokens === '' ? null : Math.max(nowMs + 1, nextPeersMs);
  };

  return {
    members: (state, wallMs) => {
      tellMembers(state, Math.floor(wallMs / 1000));
    },
    all: tellAll,
  };
};
