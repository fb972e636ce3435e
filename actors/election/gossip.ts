import { errorData } from '../kernel/errors.js';
import type { ClusterState, World } from './cluster-state.js';
import { isReachable } from './peer.js';
import type { Peer } from './peer.js';
import { post } from './post.js';
import {
  holds,
  isForgotten,
  MAX_RECORDS,
  sizeOf,
  withoutForgotten,
  withRecords,
  withRecordsUpTo,
} from './records/record-set.js';
import type { SignedRecord } from './records/record.js';
import { decodeUnverified } from './records/codec.js';
import { openRecord } from './records/signing.js';
import { differenceFrom, summaryPages } from './records/summary.js';
import { followRoster } from './roster.js';
import { isLarge, refilled, solventInMs } from './scale.js';
import type { RecordsSummary } from './wire/message-types.js';
import { sameDigest } from './wire/set-digest.js';

/**
 * Records spread like rumours: whoever learns one tells it on at once, to everybody or, in a large cluster, to a few
 * (Demers and others 1987). What that misses, the digests in the heartbeats show, and two nodes compare what they hold.
 */

/** In 200 nodes 98 of 100 hear of a rumour that each tells to four others; three would leave 6, five cost a quarter more. */
const TOLD_BY_EACH = 4;
/** Probe intervals between two comparisons with one peer: a round trip even over Tor, and its answers. */
const COMPARE_PROBES = 3;
/** Bytes of summary sent in an interval of one second, in a large cluster. */
const SUMMARY_RATE = 500;
const ENTRY_BYTES = 16;
/** Records that one peer may make us verify or send within a heartbeat: all of a cluster of 200, but no flood. */
const RECORDS_IN_WINDOW = 400;

/** Takes bytes from what may be sent in a large cluster; false when it is overdrawn. In small ones there is no limit. */
export const afford = (state: ClusterState, bytes: number, nowMs: number): boolean => {
  if (!isLarge(state.peers.length)) return true;
  const budget = refilled(state.budget, nowMs, state.settings.probeMs);
  const affordable = budget.bytes > 0;
  state.budget = affordable ? { ...budget, bytes: budget.bytes - bytes } : budget;
  return affordable;
};

/** When something can be afforded again, monotonic ms. */
export const affordableAtMs = (state: ClusterState): number =>
  state.budget.atMs + solventInMs(state.budget, state.settings.probeMs);

const isWithinRate = (state: ClusterState, peer: Peer, nowMs: number): boolean => {
  const { startMs, left } = peer.recordWindow;
  const isOver = nowMs - startMs >= state.configured.heartbeatMs;
  const window = isOver ? { startMs: nowMs, left: RECORDS_IN_WINDOW } : { startMs, left };
  peer.recordWindow = { ...window, left: Math.max(0, window.left - 1) };
  return window.left > 0;
};

const sendRecord = (state: ClusterState, world: World, peer: Peer, { bytes }: SignedRecord): void => {
  post(state, world, peer, { kind: 'record', bytes });
};

const someOf = (world: World, peers: readonly Peer[], count: number): readonly Peer[] =>
  peers
    .map((peer) => ({ peer, order: world.random.uniform() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ peer }) => peer);

const tellOn = (
  state: ClusterState,
  world: World,
  news: readonly SignedRecord[],
  from: Peer | null,
  nowMs: number,
): void => {
  const others = state.peers.filter((peer) => peer !== from);
  const told = isLarge(state.peers.length) ? someOf(world, others.filter(isReachable), TOLD_BY_EACH) : others;
  for (const signed of news) {
    for (const peer of told)
      if (afford(state, signed.bytes.length, nowMs)) sendRecord(state, world, peer, signed);
  }
};

/**
 * Takes verified records, from this node itself or from a peer, who vouches for them: it could have signed them. What
 * follows from them follows at once: the peers, the digest, what is kept on disk, and telling it on.
 *
 * @returns whether anything was new
 */
export const takeRecords = (
  state: ClusterState,
  world: World,
  offered: readonly SignedRecord[],
  from: Peer | null,
  nowMs: number,
): boolean => {
  const nowSecs = Math.floor(world.clock.wallMs() / 1000);
  const timely = offered.filter((signed) => !isForgotten(signed, nowSecs));
  const { set: records, refused } = withRecordsUpTo(state.records, timely, MAX_RECORDS);
  if (refused > 0) {
    const error = errorData('cluster.too-many-records', 'election', { most: MAX_RECORDS });
    state.findings.raise('too-many-records', error, nowMs);
  }
  if (records === state.records) return false;
  const news = timely.filter((signed) => holds(records, signed) && !holds(state.records, signed));
  state.records = records;
  world.keep(records);
  followRoster(state, world, nowMs);
  tellOn(state, world, news, from, nowMs);
  return true;
};

/** Whether a record that arrived may be taken; the signature is checked only where it could change anything. */
export const onRecord = (
  state: ClusterState,
  world: World,
  peer: Peer,
  bytes: Uint8Array,
  nowMs: number,
): 'taken' | 'known' | 'flood' | 'bad' => {
  const { secret } = state.membership;
  const unverified = decodeUnverified(bytes);
  if (secret === null || unverified === null) return 'bad';
  if (withRecords(state.records, [unverified]) === state.records) return 'known';
  if (!isWithinRate(state, peer, nowMs)) return 'flood';
  const signed = openRecord(secret.tag, bytes);
  if (signed === null) return 'bad';
  return takeRecords(state, world, [signed], peer, nowMs) ? 'taken' : 'known';
};

/**
 * Sends the peer what it lacks, and asks for what we lack. The page itself counts like a record: to compare a thousand records
 * with it costs more than to check one.
 */
export const onSummary = (
  state: ClusterState,
  world: World,
  peer: Peer,
  page: RecordsSummary,
  nowMs: number,
): 'answered' | 'flood' => {
  if (!isWithinRate(state, peer, nowMs)) return 'flood';
  const { lackedByThem, lackedByUs } = differenceFrom(state.records, page);
  for (const signed of lackedByThem) {
    if (!isWithinRate(state, peer, nowMs)) return 'flood';
    if (!afford(state, signed.bytes.length, nowMs)) return 'answered';
    sendRecord(state, world, peer, signed);
  }
  if (!lackedByUs || page.isAnswer) return 'answered';
  for (const answer of summaryPages(state.records, true, page)) {
    if (!isWithinRate(state, peer, nowMs)) return 'flood';
    post(state, world, peer, answer);
  }
  return 'answered';
};

/**
 * In a large cluster a heartbeat from before our own last change says nothing: the rumour has reached nearly everybody
 * by then, and their heartbeats come in their turn.
 */
const differs = (state: ClusterState, peer: Peer): boolean =>
  state.records.size > 0 &&
  isReachable(peer) &&
  peer.statement !== null &&
  !sameDigest(peer.statement.members.digest, state.membersDigest) &&
  (peer.recordsDifferSinceMs !== null || !isLarge(state.peers.length));

/** Compares with a peer whose heartbeat names another set. Returns when it wants to run again; null for never. */
export const compareRecords = (
  state: ClusterState,
  world: World,
  peer: Peer,
  nowMs: number,
): number | null => {
  if (!differs(state, peer)) return null;
  const { probeMs } = state.settings;
  const due = Math.max(peer.nextSummaryMs, state.nextSummaryMs);
  if (nowMs < due) return due;
  const pages = summaryPages(state.records, false);
  for (const page of pages) post(state, world, peer, page);
  peer.nextSummaryMs = nowMs + COMPARE_PROBES * probeMs;
  if (isLarge(state.peers.length)) {
    // Its next heartbeat tells whether that has helped.
    peer.nextSummaryMs = nowMs + state.settings.heartbeatMs;
    state.nextSummaryMs = nowMs + ((sizeOf(state.records) * ENTRY_BYTES) / SUMMARY_RATE) * probeMs;
  }
  return Math.max(peer.nextSummaryMs, state.nextSummaryMs);
};

/** Drops tokens that expired long ago. */
export const forgetOldTokens = (state: ClusterState, world: World, nowMs: number): void => {
  const records = withoutForgotten(state.records, Math.floor(world.clock.wallMs() / 1000));
  if (records === state.records) return;
  state.records = records;
  world.keep(records);
  followRoster(state, world, nowMs);
};
