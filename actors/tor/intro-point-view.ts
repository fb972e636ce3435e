import type { RelayFingerprint, TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { upperHex } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import type { OwnIntroductionPoints } from './messages.js';

/** What one reading of a descriptor of the instance gave. */
export type Reading = Pick<
  DecodedDescriptor,
  'timePeriod' | 'revisionCounter' | 'create2Formats' | 'flowControl' | 'introductionPoints'
>;

/** Readings by time period. */
export type Readings = ReadonlyMap<TimePeriodNumber, Reading>;

/** Is there an established introduction circuit to this relay? */
export type IsLive = (relay: RelayFingerprint) => boolean;

/** Names an introduction point among ours: Tor makes a new key for each. */
export const pointKey = (point: IntroductionPoint): string => upperHex(point.authKey);

/**
 * Adds a reading. A reading that was fetched may come from an HSDir that missed the last upload: it replaces a newer
 * one of the same period never. What Tor itself showed is always the newest.
 */
export const withReading = (readings: Readings, reading: Reading, fromTorItself: boolean): Readings => {
  const known = readings.get(reading.timePeriod);
  if (!fromTorItself && known !== undefined && known.revisionCounter > reading.revisionCounter)
    return readings;
  return new Map(readings).set(reading.timePeriod, reading);
};

/** Forgets readings of periods that no descriptor can be for any more. */
export const onlyPeriods = (readings: Readings, periods: readonly TimePeriodNumber[]): Readings =>
  new Map([...readings].filter(([period]) => periods.includes(period)));

const livePoints = (reading: Reading, isLive: IsLive): readonly IntroductionPoint[] =>
  reading.introductionPoints.filter((point) => {
    const relay = relayOf(point);
    return relay !== null && isLive(relay);
  });

export interface Chosen {
  readonly reading: Reading;
  readonly points: readonly IntroductionPoint[];
}

/**
 * The points to publish: those of the clients' period that live. While none of that period was read or lives yet
 * (just after the period began, or after Tor started), those of a neighbouring period do until the next rotation.
 * Null when no known point lives.
 */
export const choosePoints = (
  readings: Readings,
  clientsPeriod: TimePeriodNumber,
  isLive: IsLive,
): Chosen | null => {
  const others = [...readings.keys()].filter((period) => period !== clientsPeriod).sort((a, b) => b - a);
  for (const period of [clientsPeriod, ...others]) {
    const reading = readings.get(period);
    if (reading === undefined) continue;
    const points = livePoints(reading, isLive);
    if (points.length > 0) return { reading, points };
  }
  return null;
};

/** Certificates of an instance run for 54 hours; published ones are made anew, so only a near end matters. */
const EXPIRY_MARGIN_SECS = 6 * 3600;

/** Do two facts say the same to a publisher? When the event happened, and how far off the expiry is, are no content. */
export const sameContent = (
  a: Omit<OwnIntroductionPoints, 'causedAtMs'>,
  b: Omit<OwnIntroductionPoints, 'causedAtMs'>,
): boolean => {
  if (a.timePeriod !== b.timePeriod || a.flowControl !== b.flowControl) return false;
  if (a.create2Formats.join() !== b.create2Formats.join() || a.points.length !== b.points.length)
    return false;
  const keysOf = (points: readonly IntroductionPoint[]): string => points.map(pointKey).sort().join();
  if (keysOf(a.points) !== keysOf(b.points)) return false;
  const soonest = (points: readonly IntroductionPoint[]): number =>
    Math.min(...points.map(({ expires }) => expires));
  return a.points.length === 0 || Math.abs(soonest(a.points) - soonest(b.points)) < EXPIRY_MARGIN_SECS;
};

/** Points of `now` that `before` lacks, and the other way round, by key. */
export const difference = (
  before: readonly IntroductionPoint[],
  now: readonly IntroductionPoint[],
): { readonly added: readonly IntroductionPoint[]; readonly removed: readonly IntroductionPoint[] } => {
  const keys = (points: readonly IntroductionPoint[]): Set<string> => new Set(points.map(pointKey));
  const [was, is] = [keys(before), keys(now)];
  return {
    added: now.filter((point) => !was.has(pointKey(point))),
    removed: before.filter((point) => !is.has(pointKey(point))),
  };
};
