import type { OwnIntroductionPoints } from '../tor/messages.js';
import { encodePoint, isCarriable } from './wire/point-codec.js';
import { LARGEST_BODY, SMALLEST_BODY } from './wire/limits.js';
import { MAX_CREATE2_FORMATS, MAX_FLOW_CONTROL, MAX_POINTS } from './wire/message-types.js';
import type { IntroductionPointsPart, SetDigest } from './wire/message-types.js';
import { setDigest } from './wire/set-digest.js';
import type { PointSet } from './wire/set-digest.js';

/** This node's own introduction points, ready to be sent. */
export interface OwnSet {
  readonly version: number;
  readonly digest: SetDigest;
  readonly count: number;
  /** Complete but for their age, which they are given when they are sent. */
  readonly parts: readonly Omit<IntroductionPointsPart, 'ageMs'>[];
  /** Wall clock (ms) of Tor's event behind this set. */
  readonly causedAtMs: number;
  /** Points that the wire format cannot carry; Tor makes none. */
  readonly left: number;
}

/** version 4, digest 8, age 4, part and parts 2, both counts 2, length of flow-control 1. */
const FIXED_BYTES = 4 + 8 + 4 + 2 + 2 + 1;

/**
 * What of Tor's own set goes out, in the order of the auth keys: Tor lists the same points in changing order, and a
 * set must have one digest.
 */
const pointSet = (own: OwnIntroductionPoints): PointSet => ({
  create2Formats: own.create2Formats
    .filter((format) => format >= 0 && format < 2 ** 16)
    .slice(0, MAX_CREATE2_FORMATS),
  flowControl:
    own.flowControl !== null &&
    /^[\x20-\x7e]+$/.test(own.flowControl) &&
    own.flowControl.length <= MAX_FLOW_CONTROL
      ? own.flowControl
      : null,
  points: own.points
    .filter(isCarriable)
    .sort((a, b) => Buffer.compare(a.authKey, b.authKey))
    .slice(0, MAX_POINTS),
});

/** Splits a set so that every part fits one datagram. An empty set is one part without points. */
const split = (set: PointSet): readonly (readonly PointSet['points'][number][])[] => {
  const room =
    LARGEST_BODY -
    SMALLEST_BODY -
    FIXED_BYTES -
    2 * set.create2Formats.length -
    (set.flowControl?.length ?? 0);
  const parts: PointSet['points'][number][][] = [[]];
  let left = room;
  for (const point of set.points) {
    const size = encodePoint(point).length;
    if (size > left) {
      parts.push([]);
      left = room;
    }
    parts.at(-1)?.push(point);
    left -= size;
  }
  return parts;
};

/** The set to send, or the previous one when its content is the same. */
export const ownSet = (own: OwnIntroductionPoints, previous: OwnSet | null): OwnSet => {
  const set = pointSet(own);
  const digest = setDigest(set);
  if (previous !== null && Buffer.compare(previous.digest, digest) === 0) return previous;
  const version = (previous?.version ?? 0) + 1;
  const parts = split(set);
  return {
    version,
    digest,
    count: set.points.length,
    causedAtMs: own.causedAtMs,
    left: own.points.length - set.points.length,
    parts: parts.map((points, part) => ({
      kind: 'introduction-points',
      version,
      digest,
      part,
      parts: parts.length,
      create2Formats: set.create2Formats,
      flowControl: set.flowControl,
      points,
    })),
  };
};
