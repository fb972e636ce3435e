import type { TransportName } from '../wg/messages.js';

/** Over which transports a peer is spoken to, where one may stand in for another ([resilience] tor_fallback_enabled). */
export interface Fallback {
  readonly preferred: TransportName;
  readonly standIn: TransportName;
}

/** What was heard of one peer by which transport. Times are monotonic, ms. */
export interface PathEvidence {
  /** Its last authentic datagram over the preferred transport, or any but the stand-in. */
  readonly preferredMs: number | null;
  /** Its last probe over the stand-in: it does not hear us over the preferred one. */
  readonly askedMs: number | null;
}

export const NO_PATH_EVIDENCE: PathEvidence = { preferredMs: null, askedMs: null };

/**
 * Probe intervals of silence on the preferred transport after which the stand-in is used as well. A peer is heard twice
 * in each, so one lost datagram does not do it; three make a death, and the stand-in's answer takes 0.5-2 s.
 */
const SILENT_PROBES = 1.5;
/** For how long a probe over the stand-in counts. Its sender repeats it in every interval. */
const ASKED_PROBES = 3;

export const afterHearing = (
  evidence: PathEvidence,
  fallback: Fallback | null,
  transport: TransportName,
  isProbe: boolean,
  nowMs: number,
): PathEvidence => {
  if (transport !== fallback?.standIn) return { ...evidence, preferredMs: nowMs };
  return isProbe ? { ...evidence, askedMs: nowMs } : evidence;
};

const isPreferredSilent = ({ preferredMs }: PathEvidence, probeMs: number, nowMs: number): boolean =>
  preferredMs === null || nowMs - preferredMs > SILENT_PROBES * probeMs;

/** Whether the peer is spoken with over the transport by which it was just heard, and not only tried or answered by it. */
export const isInUse = (
  evidence: PathEvidence,
  fallback: Fallback | null,
  transport: TransportName,
  probeMs: number,
  nowMs: number,
): boolean => transport !== fallback?.standIn || isPreferredSilent(evidence, probeMs, nowMs);

/**
 * The transports for a message to the peer; null leaves the choice to the WgActor. A peer that we do not hear is probed
 * by both. One that does not hear us is told everything by both, but not probed: else two nodes would keep each other on
 * the stand-in for ever.
 */
export const pathsFor = (
  evidence: PathEvidence,
  fallback: Fallback | null,
  isProbe: boolean,
  probeMs: number,
  nowMs: number,
): readonly (TransportName | null)[] => {
  if (fallback === null) return [null];
  const { askedMs } = evidence;
  const isSilent = isPreferredSilent(evidence, probeMs, nowMs);
  const isAsked = askedMs !== null && nowMs - askedMs <= ASKED_PROBES * probeMs;
  return isSilent || (isAsked && !isProbe) ? [fallback.preferred, fallback.standIn] : [null];
};

/** An answer to a probe goes the way that the probe came, since that way is being tried. */
export const answerPaths = (
  fallback: Fallback | null,
  transport: TransportName,
): readonly (TransportName | null)[] => (transport === fallback?.standIn ? [transport] : [null]);
