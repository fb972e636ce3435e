import type { NodeId } from '../kernel/brands.js';
import type { ElectionSettings } from './settings.js';

/**
 * What is known about whether one peer lives: what was heard of it directly, what other nodes report, and how its
 * probe rounds went. All times are of the monotonic clock, ms. Every function is pure.
 */
export interface Detection {
  /** When watching began: silence counts from here for a peer that was never heard. */
  readonly watchedSinceMs: number;
  /** Its last authentic datagram to us. */
  readonly heardMs: number | null;
  /** The same, or what another node heard from it, whichever is later. */
  readonly knownAliveMs: number | null;
  readonly roundStartedMs: number | null;
  /** Rounds in a row that ended without a sign of life over any path. */
  readonly failedRounds: number;
  /** When each helper last said that it does not hear the peer either. */
  readonly silent: ReadonlyMap<NodeId, number>;
}

export type Standing = 'unknown' | 'live' | 'suspect' | 'dead';

/**
 * Who confirms a death, so that no grace need be waited for. nodes: another live node does not hear the peer either.
 * transports: in a cluster of two, a second transport is silent too (second-transport.ts). itself: it said goodbye.
 */
export type Agreement = 'nodes' | 'transports' | 'itself';

export interface Judgement {
  readonly standing: Standing;
  /** Null for whatever is no death, or one for which silence alone speaks. */
  readonly agreedBy: Agreement | null;
  /** Whole heartbeat intervals of silence. */
  readonly missedHeartbeats: number;
  readonly silenceMs: number;
}

/** Unanswered probes that make a death, when somebody confirms it. */
export const PROBES_UNTIL_DEATH = 3;
/** Silence, in probe intervals, from which on a helper's report counts as "I do not hear it either". */
export const SILENT_FOR_PROBES = 2;
/** A confirmation older than this many probe intervals is no evidence any more. */
const EVIDENCE_PROBES = 2;
/** Missed heartbeats from which on a peer counts as unhealthy. */
const MISSES_UNTIL_SUSPECT = 2;

export const startWatching = (nowMs: number): Detection => ({
  watchedSinceMs: nowMs,
  heardMs: null,
  knownAliveMs: null,
  roundStartedMs: null,
  failedRounds: 0,
  silent: new Map(),
});

const NOBODY: ReadonlyMap<NodeId, number> = new Map();

export const heard = (detection: Detection, nowMs: number): Detection => ({
  ...detection,
  heardMs: nowMs,
  knownAliveMs: nowMs,
  failedRounds: 0,
  silent: NOBODY,
});

/** Another node heard the peer at `atMs`. */
export const reportedAlive = (detection: Detection, atMs: number): Detection =>
  detection.knownAliveMs === null || atMs <= detection.knownAliveMs
    ? detection
    : { ...detection, knownAliveMs: atMs };

/** Another node does not hear the peer either. */
export const reportedSilent = (detection: Detection, helper: NodeId, nowMs: number): Detection => ({
  ...detection,
  silent: new Map(detection.silent).set(helper, nowMs),
});

/** Ends the round that runs, counts it, and begins the next. */
export const nextRound = (detection: Detection, nowMs: number): Detection => {
  const { roundStartedMs, knownAliveMs, failedRounds } = detection;
  if (roundStartedMs === null) return { ...detection, roundStartedMs: nowMs };
  const answered = knownAliveMs !== null && knownAliveMs >= roundStartedMs;
  return { ...detection, roundStartedMs: nowMs, failedRounds: answered ? 0 : failedRounds + 1 };
};

/** Takes time in which this node itself could not listen out of the peer's silence. */
export const forgiven = (detection: Detection, deafForMs: number, nowMs: number): Detection => {
  const shift = (at: number | null): number | null => (at === null ? null : Math.min(nowMs, at + deafForMs));
  return {
    ...detection,
    watchedSinceMs: Math.min(nowMs, detection.watchedSinceMs + deafForMs),
    heardMs: shift(detection.heardMs),
    knownAliveMs: shift(detection.knownAliveMs),
    // The round that ran meanwhile proves nothing.
    roundStartedMs: null,
    silent: NOBODY,
  };
};

/** Who may confirm a death. */
export interface Witnesses {
  /** Whether a helper is itself live, so that its word counts. */
  readonly isLive: (helper: NodeId) => boolean;
  /** In a cluster of two: whether a second transport is silent too. */
  readonly transportsAgree: boolean;
}

const agreement = (
  detection: Detection,
  { isLive, transportsAgree }: Witnesses,
  nowMs: number,
  evidenceMs: number,
): Agreement | null => {
  for (const [helper, at] of detection.silent) if (nowMs - at <= evidenceMs && isLive(helper)) return 'nodes';
  return transportsAgree ? 'transports' : null;
};

/** Silence after which a peer is dead without anybody's confirmation. */
export const silenceUntilDeathMs = (settings: ElectionSettings): number =>
  Math.max(settings.heartbeatTimeoutMs, settings.deadThreshold * settings.heartbeatMs);

/**
 * Where a peer stands. A death is agreed when three probes went unanswered and another live node, asked, does not
 * hear it either, or, in a cluster of two, a second transport is silent too. With one transport, or when nobody answers us
 * at all, the evidence is ambiguous (it may be we who are cut off) and the configured timeouts hold.
 *
 * @param stretch factor of self-doubt.ts
 */
export const judge = (
  detection: Detection,
  witnesses: Witnesses,
  nowMs: number,
  settings: ElectionSettings,
  stretch: number,
): Judgement => {
  const { knownAliveMs, heardMs, failedRounds } = detection;
  const silenceMs = nowMs - (knownAliveMs ?? detection.watchedSinceMs);
  const probeMs = settings.probeMs * stretch;
  const missedHeartbeats = Math.floor(silenceMs / (settings.heartbeatMs * stretch));
  const verdict = (standing: Standing, agreedBy: Agreement | null = null): Judgement => ({
    standing,
    agreedBy,
    missedHeartbeats,
    silenceMs,
  });
  if (knownAliveMs === null || heardMs === null) return verdict('unknown');
  const unreachable = failedRounds >= PROBES_UNTIL_DEATH && silenceMs >= PROBES_UNTIL_DEATH * probeMs;
  const agreedBy = unreachable ? agreement(detection, witnesses, nowMs, EVIDENCE_PROBES * probeMs) : null;
  if (agreedBy !== null) return verdict('dead', agreedBy);
  if (silenceMs >= silenceUntilDeathMs(settings) * stretch) return verdict('dead');
  const onlyOverOthers = nowMs - heardMs >= settings.heartbeatTimeoutMs * stretch;
  return unreachable || onlyOverOthers || missedHeartbeats >= MISSES_UNTIL_SUSPECT
    ? verdict('suspect')
    : verdict('live');
};
