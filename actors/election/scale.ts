import type { ElectionSettings } from './settings.js';

/**
 * What keeps a node's traffic bounded whatever the size of its cluster. Up to EVERYBODY peers each is probed in every
 * interval, and all that is said goes to all at once. In larger clusters peers are probed in turn (SWIM: Das, Gupta,
 * Motivala 2002), a silent one at once again until it is clear what became of it; heartbeats go out at a fixed rate, and all
 * times that are measured in heartbeats grow with their interval. All figures are of datagrams of some 105 (probe, answer)
 * and 160 bytes (heartbeat).
 */
export const EVERYBODY = 8;
/** Probes sent in an interval of one second: with the answers to as many, 0.85 kB/s. Half of it would double the time in which a death is noticed: peers / PROBES seconds. */
const PROBES = 4;
/** Heartbeats sent in an interval of one second: 0.65 kB/s. 200 nodes then hear of each other's state every 50 s. */
const HEARTBEATS = 4;

export const isLarge = (peers: number): boolean => peers > EVERYBODY;

/**
 * A large cluster's datagrams are answered at once, but what follows from them is looked into together, after this part
 * of a probe interval: each look visits every peer. It must stay below the lateness that self-doubt.ts forgives.
 */
const GATHER = 0.2;

export const gatherMs = (settings: ElectionSettings, peers: number): number =>
  isLarge(peers) ? settings.probeMs * GATHER : 0;

/** How often one peer is probed, ms. */
export const probeEveryMs = (settings: ElectionSettings, peers: number): number =>
  isLarge(peers) ? Math.max(settings.probeMs, (settings.probeMs * peers) / PROBES) : settings.probeMs;

/** The settings for a cluster of that size: heartbeats, and whatever is measured in them, no more often than bearable. */
export const scaledSettings = (configured: ElectionSettings, peers: number): ElectionSettings => {
  const bearableMs = (configured.probeMs * peers) / HEARTBEATS;
  const factor = isLarge(peers) ? Math.max(1, bearableMs / configured.heartbeatMs) : 1;
  if (factor === 1) return configured;
  return {
    ...configured,
    heartbeatMs: configured.heartbeatMs * factor,
    heartbeatTimeoutMs: configured.heartbeatTimeoutMs * factor,
    leaseMs: configured.leaseMs * factor,
  };
};

/** Bytes that may still be sent on anything but probes; in large clusters only. */
export interface Budget {
  readonly bytes: number;
  readonly atMs: number;
}

/** Bytes in an interval of one second: the regular heartbeats, and a third more for what changes. */
const REFILL = 850;
/** What a quiet node saves up, so that it can tell 200 others of a change at once. */
const MOST_SAVED = 32_000;

export const fullBudget = (nowMs: number): Budget => ({ bytes: MOST_SAVED, atMs: nowMs });

export const refilled = (budget: Budget, nowMs: number, probeMs: number): Budget => ({
  bytes: Math.min(MOST_SAVED, budget.bytes + ((nowMs - budget.atMs) / probeMs) * REFILL),
  atMs: nowMs,
});

/** Until when nothing can be paid from an overdrawn budget, ms from its own time. */
export const solventInMs = ({ bytes }: Budget, probeMs: number): number =>
  bytes > 0 ? 0 : ((1 - bytes) / REFILL) * probeMs;
