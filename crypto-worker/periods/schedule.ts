/**
 * When time periods and shared-random runs begin. Every "now" here is a consensus' valid-after, never the wall
 * clock (rend-spec-v3 §2.2.4).
 */
import type { TimePeriodLength, TimePeriodNumber, UnixSeconds } from '../brands.js';

/** Rounds of one phase of the shared-random protocol; a run has two phases (srv-spec §2). */
const ROUNDS_PER_PHASE = 12;
const ROUNDS_PER_RUN = 2 * ROUNDS_PER_PHASE;
const SECONDS_PER_MINUTE = 60;

/** The three numbers of a consensus that fix every boundary. */
export interface Schedule {
  readonly validAfter: UnixSeconds;
  /** fresh-until minus valid-after. */
  readonly votingIntervalSeconds: number;
  readonly periodLength: TimePeriodLength;
}

/** Time periods begin this long after multiples of their length (rend-spec-v3 §2.2.1). */
export const rotationOffsetSeconds = (votingIntervalSeconds: number): number =>
  ROUNDS_PER_PHASE * votingIntervalSeconds;

/** 24 voting intervals. */
export const srvRunSeconds = (votingIntervalSeconds: number): number =>
  ROUNDS_PER_RUN * votingIntervalSeconds;

/**
 * Length of a time period on a TestingTorNetwork: one shared-random run in whole minutes, as C Tor's
 * get_time_period_length has it.
 */
export const testingPeriodLength = (votingIntervalSeconds: number): TimePeriodLength =>
  Math.floor(srvRunSeconds(votingIntervalSeconds) / SECONDS_PER_MINUTE) as TimePeriodLength;

/** The period that contains a moment. Offsets are cut to whole minutes first, as C Tor cuts them. */
export const timePeriodAt = (schedule: Schedule, moment: UnixSeconds): TimePeriodNumber => {
  const minutes = Math.floor(moment / SECONDS_PER_MINUTE);
  const offset = Math.floor(rotationOffsetSeconds(schedule.votingIntervalSeconds) / SECONDS_PER_MINUTE);
  return Math.floor((minutes - offset) / schedule.periodLength) as TimePeriodNumber;
};

/** The period that clients with this consensus use. */
export const currentTimePeriod = (schedule: Schedule): TimePeriodNumber =>
  timePeriodAt(schedule, schedule.validAfter);

export const timePeriodStart = (schedule: Schedule, period: TimePeriodNumber): UnixSeconds =>
  (period * schedule.periodLength * SECONDS_PER_MINUTE +
    rotationOffsetSeconds(schedule.votingIntervalSeconds)) as UnixSeconds;

/** Start of the shared-random run that valid-after lies in: valid-after rounded down to 24 voting intervals. */
export const currentSrvRunStart = (schedule: Schedule): UnixSeconds => {
  const round = Math.floor(schedule.validAfter / schedule.votingIntervalSeconds) % ROUNDS_PER_RUN;
  return (schedule.validAfter - round * schedule.votingIntervalSeconds) as UnixSeconds;
};

export const previousSrvRunStart = (schedule: Schedule): UnixSeconds =>
  (currentSrvRunStart(schedule) - srvRunSeconds(schedule.votingIntervalSeconds)) as UnixSeconds;

/**
 * Is valid-after between the start of a time period and the next shared random value? Decided as C Tor's
 * hs_in_period_between_tp_and_srv does: not while it is before the first period that starts after this run.
 */
export const isBetweenTimePeriodAndSrv = (schedule: Schedule): boolean => {
  const runStart = currentSrvRunStart(schedule);
  const following = (timePeriodAt(schedule, runStart) + 1) as TimePeriodNumber;
  return !(schedule.validAfter >= runStart && schedule.validAfter < timePeriodStart(schedule, following));
};
