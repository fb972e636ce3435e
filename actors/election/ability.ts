import type { PublisherStatus } from '../publisher/messages.js';
import type { TorStatus } from '../tor/messages.js';
import type { ElectionSettings } from './settings.js';

/** Whether this node could publish if it held the lease. All times monotonic, ms. */
export interface Ability {
  /** Since when Tor is not up; null while it is. */
  readonly torDownSinceMs: number | null;
  readonly torWasUp: boolean;
  /** Since when the publisher waits although the lease is ours; null while it does not. */
  readonly waitingSinceMs: number | null;
  /** It held the lease in vain, or was told to give it back: other nodes come first until then. */
  readonly unableUntilMs: number;
  /**
   * The health actor's word (health.status); true while it has said nothing. Not fit is less bad than not able: where no other
   * node can publish at all, one with a wrong clock still should.
   */
  readonly fit: boolean;
}

export const startAble = (nowMs: number): Ability => ({
  torDownSinceMs: nowMs,
  torWasUp: false,
  waitingSinceMs: null,
  unableUntilMs: 0,
  fit: true,
});

/** A restart of Tor that we did not see coming back within this many probe intervals hands the lease over. */
const TOR_PATIENCE_PROBES = 2;
/** Leases for which a node that published nothing is not tried again. */
const UNABLE_LEASES = 5;

export const torTold = (ability: Ability, state: TorStatus['state'], nowMs: number): Ability =>
  state === 'up'
    ? { ...ability, torDownSinceMs: null, torWasUp: true }
    : { ...ability, torDownSinceMs: ability.torDownSinceMs ?? nowMs };

export const publisherTold = (ability: Ability, state: PublisherStatus['state'], nowMs: number): Ability => ({
  ...ability,
  waitingSinceMs: state === 'waiting' ? (ability.waitingSinceMs ?? nowMs) : null,
});

export const healthTold = (ability: Ability, fit: boolean): Ability =>
  ability.fit === fit ? ability : { ...ability, fit };

/**
 * Other nodes come first for a while. It is no promise to publish nothing: where no other node can, this one still
 * does, since an address without a publisher is worse than whatever the order was to mend.
 */
export const steppedDown = (ability: Ability, nowMs: number, settings: ElectionSettings): Ability => ({
  ...ability,
  unableUntilMs: Math.max(ability.unableUntilMs, nowMs + settings.heartbeatTimeoutMs),
});

/**
 * A Tor that starts is waited for as long as a silent peer would be, so that nodes which start together elect by
 * priority and not by whose Tor was first; one that was up and died is not.
 */
const torPatienceMs = (ability: Ability, settings: ElectionSettings): number =>
  ability.torWasUp ? TOR_PATIENCE_PROBES * settings.probeMs : settings.heartbeatTimeoutMs;

/** A publisher that waits (no consensus, a clock judged wrong) longer than a take-over takes serves nobody. */
const waitPatienceMs = (settings: ElectionSettings): number =>
  settings.heartbeatTimeoutMs + settings.takeoverGraceMs;

/** Notes that the lease is held in vain, once its patience is over. */
export const afterWaiting = (
  ability: Ability,
  isPublisher: boolean,
  nowMs: number,
  settings: ElectionSettings,
): Ability => {
  const { waitingSinceMs } = ability;
  if (!isPublisher || waitingSinceMs === null || nowMs - waitingSinceMs < waitPatienceMs(settings)) {
    return ability;
  }
  return { ...ability, waitingSinceMs: nowMs, unableUntilMs: nowMs + UNABLE_LEASES * settings.leaseMs };
};

export const isAble = (ability: Ability, nowMs: number, settings: ElectionSettings): boolean =>
  nowMs >= ability.unableUntilMs &&
  (ability.torDownSinceMs === null || nowMs - ability.torDownSinceMs < torPatienceMs(ability, settings));

/** When isAble or afterWaiting may next say something else; null for never. */
export const abilityDueMs = (
  ability: Ability,
  isPublisher: boolean,
  nowMs: number,
  settings: ElectionSettings,
): number | null => {
  const dues = [
    ability.unableUntilMs,
    ability.torDownSinceMs === null ? 0 : ability.torDownSinceMs + torPatienceMs(ability, settings),
    isPublisher && ability.waitingSinceMs !== null ? ability.waitingSinceMs + waitPatienceMs(settings) : 0,
  ].filter((due) => due > nowMs);
  return dues.length === 0 ? null : Math.min(...dues);
};
