import { relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { pointKey } from './intro-point-view.js';
import {
  ofStandby,
  type Departure,
  type OtherTor,
  type OwnIntroductionPoints,
  type TorName,
  type TorStatus,
  type TorTrouble,
} from './messages.js';

/** What a node with two Tors says of both as one. */
export type OfBoth<T> = Readonly<Record<TorName, T>>;

export const otherName = (name: TorName): TorName => (name === 'first' ? 'standby' : 'first');

/** Does it answer, and do its circuits carry? */
export const isFit = ({ state, trouble }: TorStatus): boolean => state === 'up' && trouble === null;

/**
 * Which of them uploads, fetches and carries the node's own streams. The one that does stays so while it is fit: going
 * back as soon as the first one can again would break streams that are well, for nothing.
 */
export const torInUse = (now: TorName, of: OfBoth<TorStatus>): TorName =>
  isFit(of[now]) || !isFit(of[otherName(now)]) ? now : otherName(now);

/** Troubles that a restart does not end. */
const UNMENDABLE: readonly TorTrouble[] = ['no-network', 'refused'];

/**
 * Which of them an order to restart means. The finding behind it is about the one in use, which may be down without any trouble
 * to its name: it is restarted, unless it is well again by now. The other is too where a restart may end its trouble.
 */
export const torsToRestart = (inUse: TorName, of: OfBoth<TorStatus>): readonly TorName[] =>
  (['first', 'standby'] as const).filter((name) => {
    const { trouble } = of[name];
    if (trouble === null) return name === inUse && !isFit(of[name]);
    return !UNMENDABLE.includes(trouble);
  });

/**
 * How many points of the other Tor stand in the descriptor beside those of the Tor in use. One is the way through for
 * a client that holds the descriptor of before a fault, or draws a Tor that hangs before that is known. More would take
 * places from other nodes, of which a descriptor has 20.
 */
export const SPARE_POINTS = 1;

const sameLines = (a: OwnIntroductionPoints, b: OwnIntroductionPoints): boolean =>
  a.flowControl === b.flowControl && a.create2Formats.join() === b.create2Formats.join();

/** Always the same ones of the same points, and none on a relay that is taken: clients would never use it. */
const spareOf = (
  used: readonly IntroductionPoint[],
  other: readonly IntroductionPoint[],
  count: number,
): readonly IntroductionPoint[] => {
  const taken = new Set(used.map(relayOf));
  return other
    .filter((point) => !taken.has(relayOf(point)))
    .sort((a, b) => (pointKey(a) < pointKey(b) ? -1 : 1))
    .slice(0, count);
};

/**
 * The introduction points that the node offers: all of the Tor in use and a few of the other; all of the other while
 * that in use has none. Each instance accepts introductions for the master address by itself.
 *
 * @param otherIsFit the connection to a Tor that dies ends before its end is told, and a descriptor with a dead point
 *   would have to be replaced at once by a second one, which waits for its turn
 */
export const offeredPoints = (
  used: OwnIntroductionPoints,
  other: OwnIntroductionPoints,
  otherIsFit: boolean,
  spare: number = SPARE_POINTS,
): OwnIntroductionPoints => {
  const causedAtMs = Math.max(used.causedAtMs, other.causedAtMs);
  if (used.points.length === 0 && other.points.length > 0) return { ...other, causedAtMs };
  // One descriptor has one `flow-control` line: what the two do not both speak cannot stand in it together.
  const beside = otherIsFit && sameLines(used, other) ? spareOf(used.points, other.points, spare) : [];
  return { ...used, points: [...used.points, ...beside], causedAtMs };
};

const otherTor = ({ state, version, bootstrap, deaths, lastError, trouble }: TorStatus): OtherTor => ({
  state,
  version,
  bootstrap,
  deaths,
  lastError,
  trouble,
});

/** The Tor in use speaks for the node; the other one is told of beside it. */
export const statusOfBoth = (inUse: TorName, of: OfBoth<TorStatus>): TorStatus => ({
  ...of[inUse],
  redundancy: { inUse, other: otherTor(of[otherName(inUse)]) },
});

/** One whose process is gone has no circuits, though nobody could say so; one that only lets us not in may have all of its. */
const hasEnded = ({ state, trouble }: TorStatus): boolean =>
  trouble !== 'refused' && (state === 'down' || state === 'launching');

/** The circuits of both while the node drains; an answer to that draining only when each has answered. */
export const departureOfBoth = (
  told: OfBoth<Departure | null>,
  status: OfBoth<TorStatus>,
): Departure | null => {
  const left = (['first', 'standby'] as const).filter((name) => !hasEnded(status[name]));
  if (left.length === 0) return told.first;
  const views = left.map((name) => told[name]);
  const namesCircuits = views.some((view) => view?.namesCircuits ?? true);
  const [version] = views.map((view) => view?.version ?? 0);
  if (version === undefined || version === 0 || views.some((view) => view?.version !== version))
    return { version: 0, introduction: 0, rendezvous: [], namesCircuits };
  return {
    version,
    introduction: views.reduce((sum, view) => sum + (view?.introduction ?? 0), 0),
    rendezvous: left.flatMap((name) => {
      const circuits = told[name]?.rendezvous ?? [];
      return name === 'first' ? circuits : circuits.map(ofStandby);
    }),
    namesCircuits,
  };
};
