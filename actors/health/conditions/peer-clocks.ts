import type { PeerView } from '../../election/messages.js';
import { errorData } from '../../kernel/errors.js';
import { atOnce, critical } from './condition.js';
import type { Condition } from './condition.js';

/**
 * Against the peers' authenticated, round-trip corrected offsets, which are right to some 10 ms on a network and to a
 * second or so over Tor: two seconds are no measuring error, and a time service keeps a clock within a tenth of one.
 */
export const CLOCK_WARN_SECS = 2;
export const CLOCK_CRITICAL_SECS = 4;

/** With an own error like this (most peers agree) certificates and counters begin to be wrong: nothing is signed. */
export const CLOCK_UNSIGNED_SECS = 60;

/**
 * Where our own clock steps, the peer that is measured first looks wrong until most have been: three probes, of which each peer
 * is sent one a second by default. An alert about a clock that is wrong comes so much later.
 */
const PEER_GRACE_MS = 3_000;

/** How often an error that lasts is said again. */
const REMIND_MS = 300_000;

/** Our clock against those of most peers. */
export interface OwnError {
  /** Ours minus theirs: positive when we are ahead. */
  readonly offsetSecs: number;
  readonly agreeing: number;
  readonly measured: number;
}

const measuredOf = (peers: readonly PeerView[]): readonly number[] =>
  peers.flatMap(({ clockOffsetSecs, lifecycle }) =>
    clockOffsetSecs === null || lifecycle === 'dead' ? [] : [clockOffsetSecs],
  );

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Null while fewer than two peers are measured, or most do not say that we are off to the same side. */
export const ownClockError = (peers: readonly PeerView[]): OwnError | null => {
  const offsets = measuredOf(peers);
  if (offsets.length < 2) return null;
  const sides = [
    offsets.filter((offset) => offset >= CLOCK_WARN_SECS),
    offsets.filter((offset) => offset <= -CLOCK_WARN_SECS),
  ];
  const agreeing = sides.find((side) => side.length * 2 > offsets.length);
  return agreeing === undefined
    ? null
    : { offsetSecs: -median(agreeing), agreeing: agreeing.length, measured: offsets.length };
};

const tenths = (secs: number): number => Math.round(Math.abs(secs) * 10) / 10;

const direction = (offsetSecs: number): string => (offsetSecs > 0 ? 'ahead of' : 'behind');

const judged = (
  offsetSecs: number,
  codes: readonly [
    'health.own-clock' | 'health.peer-clock',
    'health.own-clock-wrong' | 'health.peer-clock-wrong',
  ],
  where: string,
  detail: Readonly<Record<string, string | number>>,
): Condition => {
  const all = { ...detail, offsetSecs: tenths(offsetSecs), direction: direction(offsetSecs) };
  const isCritical = Math.abs(offsetSecs) >= CLOCK_CRITICAL_SECS;
  const condition = isCritical
    ? critical(errorData(codes[1], where, all))
    : atOnce(errorData(codes[0], where, all));
  return { ...condition, remindMs: REMIND_MS };
};

/** Of two clocks nobody knows which is wrong: then the peer is named. Where most agree against us, it is ours. */
export const peerClockConditions = (peers: readonly PeerView[]): readonly Condition[] => {
  const own = ownClockError(peers);
  if (own !== null) {
    const { offsetSecs, agreeing, measured } = own;
    const codes = ['health.own-clock', 'health.own-clock-wrong'] as const;
    return [judged(offsetSecs, codes, 'clock', { agreeing, measured })];
  }
  return peers.flatMap(({ id, clockOffsetSecs, lifecycle }) =>
    clockOffsetSecs === null || lifecycle === 'dead' || Math.abs(clockOffsetSecs) < CLOCK_WARN_SECS
      ? []
      : [
          {
            ...judged(clockOffsetSecs, ['health.peer-clock', 'health.peer-clock-wrong'], `peer ${id}`, {
              peer: id,
            }),
            graceMs: PEER_GRACE_MS,
          },
        ],
  );
};
