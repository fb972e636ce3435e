import type {
  RelayFingerprint,
  TimePeriodLength,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import type { DescriptorPlan, WhichDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeShare } from './messages.js';
import { RETRY_WAITS_MS, UNPUBLISHED_REST_MS, URGENT_RETRY_MS } from './pace.js';

/** A descriptor as it was built, and what it was built from. */
export interface Version {
  /** Rises with every build of this process. */
  readonly id: number;
  readonly text: string;
  readonly n: number;
  readonly revisionCounter: bigint;
  /** Versions with the same content serve a client alike: an HSDir that holds one needs no other. */
  readonly contentKey: string;
  readonly introPoints: number;
  readonly nodes: readonly NodeShare[];
  readonly cause: Cause;
  /** Wall clock (ms): its certificates count from then. */
  readonly builtAtMs: number;
}

/** What made a version due, and when (wall clock, ms): for a change that is Tor's own event. */
export interface Cause {
  /** `repetition`: what the HSDirs held already is given to them again, by age or on order. */
  readonly kind: 'change' | 'repetition';
  readonly atMs: number;
}

/** An upload that waits for its answer. */
export interface Flight {
  readonly version: Version;
  readonly sinceMs: number;
  /** Later than this no answer is expected any more. */
  readonly untilMs: number;
}

/** One responsible HSDir of one descriptor. Times are monotonic milliseconds unless named otherwise. */
export interface HsDirRow {
  readonly fingerprint: RelayFingerprint;
  readonly inFlight: Flight | null;
  readonly held: { readonly version: Version; readonly confirmedAtMs: number } | null;
  readonly failures: number;
  readonly notBeforeMs: number;
  readonly reason: string | null;
}

/** Everything about one of the two descriptors: it follows a time period, whether that is first or second. */
export interface Slot {
  readonly timePeriod: TimePeriodNumber;
  readonly which: WhichDescriptor;
  readonly plan: DescriptorPlan;
  readonly periodLength: TimePeriodLength;
  readonly version: Version | null;
  readonly rows: readonly HsDirRow[];
  /** When the last upload that completed this slot did so (wall clock); null before. */
  readonly completedAtWallMs: number | null;
}

/** Tor's REASON when an HSDir holds a counter as high as the one it was given, among other refusals. */
export const COUNTER_REFUSED = 'UPLOAD_REJECTED';

/** Neither accepted nor refused: the circuit broke, or the HSDir hangs. Nobody tells. */
export const NO_ANSWER = 'NO_ANSWER';

const emptyRow = (fingerprint: RelayFingerprint): HsDirRow => ({
  fingerprint,
  inFlight: null,
  held: null,
  failures: 0,
  notBeforeMs: 0,
  reason: null,
});

/**
 * The slot under a new plan. HSDirs that stay responsible keep what they hold: at a rotation the second
 * descriptor becomes the first without being uploaded again.
 */
export const replanned = (slot: Slot | null, plan: DescriptorPlan, periodLength: TimePeriodLength): Slot => {
  const before = new Map(slot?.rows.map((row) => [row.fingerprint, row]));
  const fingerprints = [...new Set(plan.store.map(({ fingerprint }) => fingerprint))];
  return {
    timePeriod: plan.timePeriod,
    which: plan.which,
    plan,
    periodLength,
    version: slot?.version ?? null,
    rows: fingerprints.map((fingerprint) => before.get(fingerprint) ?? emptyRow(fingerprint)),
    completedAtWallMs: slot?.completedAtWallMs ?? null,
  };
};

export const rowOf = (slot: Slot, fingerprint: RelayFingerprint): HsDirRow | null =>
  slot.rows.find((row) => row.fingerprint === fingerprint) ?? null;

export const isHolding = (row: HsDirRow, version: Version): boolean =>
  row.held?.version.contentKey === version.contentKey;

export const acceptedCount = (slot: Slot): number => {
  const { version } = slot;
  return version === null ? 0 : slot.rows.filter((row) => isHolding(row, version)).length;
};

/** Do so many HSDirs hold the version that clients find it, even if some are down? */
export const isPublished = (slot: Slot, minAccepted: number): boolean =>
  slot.version !== null && acceptedCount(slot) >= Math.min(minAccepted, slot.rows.length);

/** Leaps double up to about an hour (counters.ts): thirty of them make 21 hours, and the waits between 8 minutes. */
const MOST_LEAPS = 30;

/**
 * A refused counter is outrun by the next build: waiting would not make it acceptable. An HSDir that still refuses
 * after as many leaps as any counter could need does so for a reason of its own.
 */
const areUsedUp = (failures: number, reason: string | null, maxRetries: number): boolean =>
  failures > (reason === COUNTER_REFUSED ? MOST_LEAPS : maxRetries);

/** Have all HSDirs that could make it so that clients find this version used up their retries? */
export const isGivenUp = (slot: Slot, { minAccepted, maxRetries }: RetryPolicy): boolean => {
  const { version } = slot;
  return (
    version !== null &&
    !isPublished(slot, minAccepted) &&
    slot.rows.every((row) => isHolding(row, version) || areUsedUp(row.failures, row.reason, maxRetries))
  );
};

export const isComplete = (slot: Slot): boolean =>
  slot.version !== null && acceptedCount(slot) === slot.rows.length;

const withRow = (slot: Slot, fingerprint: RelayFingerprint, change: (row: HsDirRow) => HsDirRow): Slot => ({
  ...slot,
  rows: slot.rows.map((row) => (row.fingerprint === fingerprint ? change(row) : row)),
});

export const sent = (slot: Slot, fingerprints: ReadonlySet<RelayFingerprint>, flight: Flight): Slot => ({
  ...slot,
  rows: slot.rows.map((row) => (fingerprints.has(row.fingerprint) ? { ...row, inFlight: flight } : row)),
});

export const accepted = (slot: Slot, fingerprint: RelayFingerprint, nowMs: number, wallMs: number): Slot => {
  const next = withRow(slot, fingerprint, (row) =>
    row.inFlight === null
      ? row
      : {
          ...row,
          inFlight: null,
          held: { version: row.inFlight.version, confirmedAtMs: nowMs },
          failures: 0,
          notBeforeMs: 0,
          reason: null,
        },
  );
  return isComplete(next) && !isComplete(slot) ? { ...next, completedAtWallMs: wallMs } : next;
};

/** How a failed HSDir is waited for: urgent while too few hold the descriptor, else the seeds' back-off. */
export interface RetryPolicy {
  readonly minAccepted: number;
  readonly maxRetries: number;
  /** The wait once maxRetries are used up: until what the HSDirs hold is checked again. */
  readonly restMs: number;
  /** Uniform in [0, 1). */
  readonly jitter: () => number;
}

const retryWaitMs = (slot: Slot, failures: number, reason: string, policy: RetryPolicy): number => {
  const jittered = (ms: number): number => ms * (0.75 + policy.jitter() * 0.5);
  if (reason === COUNTER_REFUSED && failures <= MOST_LEAPS) return jittered(URGENT_RETRY_MS * failures);
  if (failures > policy.maxRetries) {
    const isNowhere = acceptedCount(slot) === 0;
    return jittered(isNowhere ? Math.min(policy.restMs, UNPUBLISHED_REST_MS) : policy.restMs);
  }
  if (!isPublished(slot, policy.minAccepted)) return jittered(URGENT_RETRY_MS * failures);
  return jittered(RETRY_WAITS_MS[Math.min(failures, RETRY_WAITS_MS.length) - 1] ?? RETRY_WAITS_MS[0]);
};

export const failed = (
  slot: Slot,
  fingerprint: RelayFingerprint,
  reason: string,
  nowMs: number,
  policy: RetryPolicy,
): Slot =>
  withRow(slot, fingerprint, (row) => {
    if (row.inFlight === null) return row;
    const failures = row.failures + 1;
    const waitMs = retryWaitMs(slot, failures, reason, policy);
    // Silence was a wait already.
    const notBeforeMs =
      reason === NO_ANSWER ? Math.max(nowMs, row.inFlight.sinceMs + waitMs) : nowMs + waitMs;
    return { ...row, inFlight: null, failures, notBeforeMs, reason };
  });

/** Uploads that no answer will come for any more are failures. */
export const expired = (slot: Slot, nowMs: number, policy: RetryPolicy): Slot =>
  overdue(slot, nowMs).reduce(
    (current, fingerprint) => failed(current, fingerprint, NO_ANSWER, nowMs, policy),
    slot,
  );

/** Tor is gone: its uploads with it (those to some HSDirs, or all). They are tried again as soon as it is back. */
export const withoutFlights = (slot: Slot, hsdirs?: ReadonlySet<RelayFingerprint>): Slot => ({
  ...slot,
  rows: slot.rows.map((row) =>
    row.inFlight === null || hsdirs?.has(row.fingerprint) === false
      ? row
      : { ...row, inFlight: null, notBeforeMs: 0 },
  ),
});

/** An HSDir was asked and holds what it took; one whose answer to the upload was lost, the version that stands. */
export const confirmed = (slot: Slot, fingerprint: RelayFingerprint, nowMs: number): Slot =>
  withRow(slot, fingerprint, (row) => {
    const version = row.held?.version ?? slot.version;
    if (version === null) return row;
    const held = { version, confirmedAtMs: nowMs };
    return row.held === null ? { ...row, held, failures: 0, notBeforeMs: 0, reason: null } : { ...row, held };
  });

/**
 * An HSDir was asked and holds nothing of ours, or something older: it is to be given the descriptor again, at once
 * unless it has just refused it. One that was silent and answers now is in reach again.
 */
export const lost = (slot: Slot, fingerprint: RelayFingerprint, reason: string): Slot =>
  withRow(slot, fingerprint, (row) => {
    if (row.held !== null) return { ...row, held: null, failures: 0, notBeforeMs: 0, reason };
    return row.reason === NO_ANSWER ? { ...row, notBeforeMs: 0, reason } : { ...row, reason };
  });

/** HSDirs whose answer to an upload is overdue. */
export const overdue = (slot: Slot, nowMs: number): readonly RelayFingerprint[] =>
  slot.rows
    .filter((row) => row.inFlight !== null && nowMs >= row.inFlight.untilMs)
    .map(({ fingerprint }) => fingerprint);
