import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { MAX_POINTS } from './wire/message-types.js';
import type { IntroductionPointsPart, SetDigest } from './wire/message-types.js';
import { sameDigest, setDigest } from './wire/set-digest.js';
import type { PointSet } from './wire/set-digest.js';

/** A peer's set as it was received whole. */
export interface CommittedSet extends PointSet {
  readonly digest: SetDigest;
  /** Tor's event behind it, by our wall clock, ms: its arrival less the age that the sender names. */
  readonly causedAtMs: number;
}

interface Assembly {
  readonly version: number;
  readonly digest: SetDigest;
  readonly parts: readonly (IntroductionPointsPart | null)[];
}

/** What has arrived of one peer's introduction points in its current epoch. */
export interface PointsInbox {
  readonly committed: CommittedSet | null;
  /** Version of the committed set; older parts that arrive late are ignored. 0 at a new epoch. */
  readonly version: number;
  readonly assembly: Assembly | null;
}

export const EMPTY_INBOX: PointsInbox = { committed: null, version: 0, assembly: null };

/** A restarted peer counts its versions from the start; what it had is kept until it says something else. */
export const forNewEpoch = (inbox: PointsInbox): PointsInbox => ({ ...inbox, version: 0, assembly: null });

export interface Received {
  readonly inbox: PointsInbox;
  /** Whether the sender should be told that we hold this set. */
  readonly acknowledge: boolean;
}

const assemble = (parts: readonly IntroductionPointsPart[]): PointSet => ({
  points: parts.flatMap(({ points }): readonly IntroductionPoint[] => points),
  create2Formats: parts[0]?.create2Formats ?? [],
  flowControl: parts[0]?.flowControl ?? null,
});

/** Takes in one part. A set is committed when it is whole and is what its digest says. */
export const receivePart = (
  inbox: PointsInbox,
  part: IntroductionPointsPart,
  nowWallMs: number,
): Received => {
  if (part.version < inbox.version) return { inbox, acknowledge: false };
  if (inbox.committed !== null && sameDigest(inbox.committed.digest, part.digest)) {
    return { inbox: { ...inbox, version: part.version, assembly: null }, acknowledge: true };
  }
  const begun = inbox.assembly;
  if (begun !== null && part.version < begun.version) return { inbox, acknowledge: false };
  const fits =
    begun?.version === part.version &&
    begun.parts.length === part.parts &&
    sameDigest(begun.digest, part.digest);
  const slots = fits ? [...begun.parts] : new Array<IntroductionPointsPart | null>(part.parts).fill(null);
  slots[part.part] = part;
  const assembly: Assembly = { version: part.version, digest: part.digest, parts: slots };
  const whole = slots.filter((slot) => slot !== null);
  if (whole.length < slots.length) return { inbox: { ...inbox, assembly }, acknowledge: false };
  const set = assemble(whole);
  if (set.points.length > MAX_POINTS || !sameDigest(setDigest(set), part.digest)) {
    return { inbox: { ...inbox, assembly: null }, acknowledge: false };
  }
  return {
    inbox: {
      committed: { ...set, digest: part.digest, causedAtMs: nowWallMs - part.ageMs },
      version: part.version,
      assembly: null,
    },
    acknowledge: true,
  };
};
