import { errorData } from '../kernel/errors.js';
import type { TransportName } from '../wg/messages.js';
import { admit } from './admit.js';
import type { Admission, Refusal } from './admit.js';
import { ageOf, clockSample, withSample } from './clock-estimate.js';
import type { ClusterState, World } from './cluster-state.js';
import { noteSkew } from './cluster-findings.js';
import { merged } from './counters.js';
import { onRecord, onSummary } from './gossip.js';
import { heard } from './failure-detector.js';
import { adoptEpoch } from './peer.js';
import type { Peer } from './peer.js';
import { receivePart } from './points-inbox.js';
import { post } from './post.js';
import { afterHearing, answerPaths, isInUse } from './paths.js';
import { answerAskers, onProbeReport, onProbeRequest, takePending } from './probing.js';
import { afterHearingBy } from './second-transport.js';
import { onClaim, onGoodbye, onHeartbeat, onRelease } from './statements.js';
import type { Header } from './wire/header.js';
import type { Dated, EpochNotice, Message, ProbeAck } from './wire/message-types.js';
import { sameDigest } from './wire/set-digest.js';
import { afterAccepting } from './wire/replay-window.js';

/** Epochs are milliseconds of a wall clock; one beyond this is nobody's clock and could never be exceeded. */
const HIGHEST_EPOCH = 2 ** 52;
/** Probe intervals that an answer may take where the tolerance for clocks is shorter; paths over Tor take seconds. */
const ANSWER_PROBES = 5;
/** Probe intervals between two notices to one peer. */
const NOTICE_PROBES = 0.5;

const count = (state: ClusterState, refusal: Refusal): void => {
  state.refusals[refusal] = (state.refusals[refusal] ?? 0) + 1;
};

/** More arrived than there was time for: it was not even looked at. */
export const refuseCrowded = (state: ClusterState): void => {
  count(state, 'crowded');
};

/** Heartbeats within which a sender may be a new member of whom we have not heard yet. */
const NEWCOMER_HEARTBEATS = 3;

/** Whether an unknown sender is worth the operator's attention. */
const isStrange = (state: ClusterState, nowMs: number): boolean =>
  !state.isExpelled &&
  (state.records.size === 0 ||
    nowMs - state.rosterChangedMs >= NEWCOMER_HEARTBEATS * state.settings.heartbeatMs);

/** What a refusal tells the operator, where it tells anything. Unauthenticated ones are told once in ten minutes. */
const onRefused = (
  state: ClusterState,
  world: World,
  admission: Extract<Admission, { readonly ok: false }>,
  nowMs: number,
): void => {
  const { refusal, peer, header } = admission;
  count(state, refusal);
  if (refusal === 'cluster') {
    state.findings.raise('foreign-cluster', errorData('cluster.foreign-datagrams', 'election'), nowMs);
  }
  if (refusal === 'unknown-sender' && isStrange(state, nowMs)) {
    state.findings.raise('unknown-sender', errorData('cluster.unknown-sender', 'election'), nowMs);
  }
  if (refusal !== 'epoch-passed' || peer === null || header === null) return;
  if (peer.epoch !== null && nowMs >= peer.nextNoticeMs) {
    peer.nextNoticeMs = nowMs + NOTICE_PROBES * state.settings.probeMs;
    post(state, world, peer, { kind: 'epoch-notice', refused: header.epoch, known: peer.epoch });
  }
};

/**
 * Takes the measure of the peer's clock from the answer to our probe. An answer that nobody asked for is refused, and
 * one that was on its way for too long: an attacker may have kept it back to make a dead peer look alive.
 */
const measure = (
  state: ClusterState,
  world: World,
  peer: Peer,
  ack: ProbeAck,
  sentAtMs: number,
  nowMs: number,
): Refusal | null => {
  const { skewToleranceMs, probeMs } = state.settings;
  const probedAtMs = takePending(peer, ack.id);
  if (probedAtMs === null) return 'unasked';
  if (nowMs - probedAtMs > Math.max(skewToleranceMs, ANSWER_PROBES * probeMs)) return 'stale';
  const sample = clockSample(nowMs - probedAtMs, ack.probeReceivedAtMs, sentAtMs, world.clock.wallMs());
  peer.clock = withSample(peer.clock, sample);
  return null;
};

/** It names our present epoch, which only this run of ours ever used: it needs no clock to be fresh. */
const isAboutUs = (state: ClusterState, notice: EpochNotice): boolean =>
  notice.refused === state.epoch && notice.known >= state.epoch && notice.known < HIGHEST_EPOCH;

/**
 * Whether a message is of now. Answers to our own probes and notices about our own epoch prove it by what they
 * repeat; for all others their time must fit what was measured of the sender's clock.
 */
const freshness = (
  state: ClusterState,
  world: World,
  peer: Peer,
  { sentAtMs, message }: Dated,
  nowMs: number,
): Refusal | null => {
  if (message.kind === 'probe-ack') return measure(state, world, peer, message, sentAtMs, nowMs);
  if (message.kind === 'epoch-notice') return isAboutUs(state, message) ? null : 'unasked';
  const age = ageOf(peer.clock, sentAtMs, world.clock.wallMs(), state.settings.skewToleranceMs);
  return age === 'current' ? null : age;
};

const acknowledge = (
  state: ClusterState,
  world: World,
  peer: Peer,
  message: Message,
  transport: TransportName,
): void => {
  if (message.kind !== 'probe') return;
  const ack: ProbeAck = {
    kind: 'probe-ack',
    id: message.id,
    probeReceivedAtMs: Math.max(0, Math.floor(world.clock.wallMs())),
    seenRevision: peer.seenRevision,
  };
  post(state, world, peer, ack, answerPaths(state.settings.fallback, transport));
};

const believe = (peer: Peer, header: Header, nowMs: number): void => {
  if (peer.epoch === null || header.epoch > peer.epoch) adoptEpoch(peer, header.epoch);
  peer.window = afterAccepting(peer.window, header.sequence);
  peer.detection = heard(peer.detection, nowMs);
};

const dispatch = (state: ClusterState, world: World, peer: Peer, message: Message, nowMs: number): void => {
  switch (message.kind) {
    case 'heartbeat':
      onHeartbeat(state, peer, message, nowMs);
      state.counters = merged(state.counters, message.counters);
      return;
    case 'probe':
    case 'probe-ack':
      peer.confirmedRevision = message.seenRevision;
      return;
    case 'probe-request':
      onProbeRequest(state, world, peer, message, nowMs);
      return;
    case 'probe-report':
      onProbeReport(state, peer, message, nowMs);
      return;
    case 'introduction-points': {
      const { inbox, acknowledge: whole } = receivePart(peer.inbox, message, world.clock.wallMs());
      peer.inbox = inbox;
      if (!whole) return;
      post(state, world, peer, { kind: 'introduction-points-ack', digest: message.digest });
      return;
    }
    case 'introduction-points-ack':
      if (sameDigest(message.digest, state.ownSet?.digest ?? null)) peer.ackedPoints = message.digest;
      return;
    case 'introduction-points-request':
      peer.ackedPoints = null;
      peer.nextPointsMs = nowMs;
      return;
    case 'lease-claim':
      onClaim(state, peer, message, nowMs);
      return;
    case 'lease-release':
      onRelease(peer);
      return;
    case 'goodbye':
      onGoodbye(peer, nowMs);
      return;
    case 'epoch-notice':
      state.epoch = message.known + 1;
      return;
    case 'draining':
      if (message.version >= peer.drain.version) peer.drain = message;
      return;
    case 'left-out':
      peer.leftOutVersion = message.version;
      return;
    case 'records-summary':
      if (onSummary(state, world, peer, message, nowMs) === 'flood') count(state, 'record-flood');
      return;
    case 'record': {
      const outcome = onRecord(state, world, peer, message.bytes, nowMs);
      if (outcome === 'flood' || outcome === 'bad') count(state, `record-${outcome}`);
      return;
    }
    case 'token-use-request':
      state.desk?.onRequest(peer.member.id, message);
      return;
    case 'token-use-answer':
      state.desk?.onAnswer(peer.member.id, message);
      return;
  }
};

/** Takes in one datagram, whatever it is. Never throws on what came from outside. */
export const receive = (
  state: ClusterState,
  world: World,
  datagram: Uint8Array,
  transport: TransportName,
): void => {
  const { secret, self } = state.membership;
  if (secret === null) return;
  const nowMs = world.clock.monotonicMs();
  const admission = admit(datagram, { cluster: secret.tag, self: self.tag, peers: state.byTag });
  if (!admission.ok) {
    onRefused(state, world, admission, nowMs);
    return;
  }
  const { peer, header, dated } = admission;
  const refusal = freshness(state, world, peer, dated, nowMs);
  if (refusal !== null) {
    count(state, refusal);
    // Answered all the same, because only answers measure clocks. Nothing of it is believed.
    acknowledge(state, world, peer, dated.message, transport);
    // A datagram that was kept back on its way is old; only a clock that is off makes one come from the future.
    if (refusal === 'future') noteSkew(state, peer, dated.sentAtMs - world.clock.wallMs(), nowMs);
    return;
  }
  believe(peer, header, nowMs);
  const { kind } = dated.message;
  const { fallback, probeMs } = state.settings;
  peer.paths = afterHearing(peer.paths, fallback, transport, kind === 'probe', nowMs);
  peer.ways = afterHearingBy(peer.ways, fallback, transport, kind === 'probe-ack', nowMs);
  if (isInUse(peer.paths, fallback, transport, probeMs, nowMs)) peer.transport = transport;
  acknowledge(state, world, peer, dated.message, transport);
  dispatch(state, world, peer, dated.message, nowMs);
  answerAskers(state, world, peer, nowMs);
};
