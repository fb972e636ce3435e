/**
 * Before a node accuses others it looks at itself: whoever is late itself hears others late. The idea is Lifeguard's
 * local health awareness (Dadgar, Phillips, Currey 2017): ill organs stretch the timeouts.
 */
export interface SelfDoubt {
  /** 0 … MOST_DOUBT: how often this node was late of late. */
  readonly score: number;
  readonly fadesAtMs: number;
}

export const NO_DOUBT: SelfDoubt = { score: 0, fadesAtMs: 0 };

/** At most a fourfold wait: a node that is always late must still find the dead some day. */
const MOST_DOUBT = 3;
const MOST_STRETCH = 4;
/** Probe intervals without lateness after which one point of doubt fades. */
const FADING = 10;
/** Lateness below this part of a probe interval is ordinary scheduling. */
const LATE = 1 / 4;

/** How much of a wake-up's lateness was time in which this node could not listen; 0 for the ordinary. */
export const deafMs = (dueAtMs: number | null, nowMs: number, probeMs: number): number => {
  const late = dueAtMs === null ? 0 : nowMs - dueAtMs;
  return late > probeMs * LATE ? late : 0;
};

export const doubtAfter = (
  doubt: SelfDoubt,
  deafForMs: number,
  nowMs: number,
  probeMs: number,
): SelfDoubt => {
  if (deafForMs > 0)
    return { score: Math.min(MOST_DOUBT, doubt.score + 1), fadesAtMs: nowMs + FADING * probeMs };
  if (doubt.score > 0 && nowMs >= doubt.fadesAtMs) {
    return { score: doubt.score - 1, fadesAtMs: nowMs + FADING * probeMs };
  }
  return doubt;
};

/** What else of this node may be ill. */
export interface Organs {
  readonly tor: 'up' | 'ill' | 'unknown';
  readonly transport: 'up' | 'ill' | 'unknown';
}

/** The factor, 1 … 4, on every timeout that ends in an accusation. */
export const stretchOf = (doubt: SelfDoubt, organs: Organs): number =>
  Math.min(
    MOST_STRETCH,
    1 + doubt.score + (organs.tor === 'ill' ? 1 : 0) + (organs.transport === 'ill' ? 1 : 0),
  );
