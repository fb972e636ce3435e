import type { SharedRandomValue, TimePeriodNumber, UnixSeconds } from '../brands.js';
import type { WhichDescriptor } from '../task-types.js';
import {
  type Schedule,
  currentSrvRunStart,
  currentTimePeriod,
  isBetweenTimePeriodAndSrv,
  previousSrvRunStart,
} from './schedule.js';

/** Which period, value and run one of the two descriptors of a service belongs to. */
export interface DescriptorTimes {
  readonly which: WhichDescriptor;
  readonly timePeriod: TimePeriodNumber;
  readonly sharedRandom: SharedRandomValue | null;
  readonly srvRunStart: UnixSeconds;
}

export interface TwoDescriptors {
  readonly betweenTimePeriodAndSrv: boolean;
  readonly clientsUse: WhichDescriptor;
  readonly first: DescriptorTimes;
  readonly second: DescriptorTimes;
}

export interface SharedRandomValues {
  readonly previous: SharedRandomValue | null;
  readonly current: SharedRandomValue | null;
}

/**
 * The two descriptors that a service keeps up (rend-spec-v3 §2.2.4.2). The first always goes with the previous
 * shared random value, the second with the current one.
 */
export const twoDescriptors = (schedule: Schedule, values: SharedRandomValues): TwoDescriptors => {
  const between = isBetweenTimePeriodAndSrv(schedule);
  const period = currentTimePeriod(schedule);
  const firstPeriod = between ? period - 1 : period;
  return {
    betweenTimePeriodAndSrv: between,
    clientsUse: between ? 'second' : 'first',
    first: {
      which: 'first',
      timePeriod: firstPeriod as TimePeriodNumber,
      sharedRandom: values.previous,
      srvRunStart: previousSrvRunStart(schedule),
    },
    second: {
      which: 'second',
      timePeriod: (firstPeriod + 1) as TimePeriodNumber,
      sharedRandom: values.current,
      srvRunStart: currentSrvRunStart(schedule),
    },
  };
};
