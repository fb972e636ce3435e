import type { TimePeriodLength } from '../brands.js';
import { testingPeriodLength } from '../periods/schedule.js';
import { type Result, failure, ok } from '../result.js';
import type { HsDirParams } from '../task-types.js';

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

export type ConsensusParams = Readonly<Record<string, number>>;

/** Parses the words of a "params" line: keyword=int32, no keyword twice (dir-spec §3.4.1). */
export const parseConsensusParams = (words: readonly string[]): Result<ConsensusParams> => {
  const params = new Map<string, number>();
  for (const word of words) {
    const match = /^([A-Za-z0-9_.-]{1,64})=(-?\d{1,10})$/.exec(word);
    const [, name = '', digits = ''] = match ?? [];
    const value = Number(digits);
    if (match === null || value < INT32_MIN || value > INT32_MAX || params.has(name)) {
      return failure('network.bad-parameter', `"${word.slice(0, 80)}" is no parameter, or stands twice`);
    }
    params.set(name, value);
  }
  return ok(Object.fromEntries(params));
};

/** As networkstatus_get_param of C Tor: a default, and a value out of bounds becomes the nearest bound. */
const parameter = (
  params: ConsensusParams,
  name: string,
  fallback: number,
  low: number,
  high: number,
): number => {
  const value = Object.hasOwn(params, name) ? (params[name] ?? fallback) : fallback;
  return Math.min(high, Math.max(low, value));
};

/** The parameters of onion service directories (rend-spec-v3 §2.2.1, §2.2.3; param-spec). */
export const hsDirParams = (
  params: ConsensusParams,
  votingIntervalSeconds: number,
  testingTorNetwork: boolean,
): Result<HsDirParams> => {
  const periodLength = testingTorNetwork
    ? testingPeriodLength(votingIntervalSeconds)
    : (parameter(params, 'hsdir_interval', 1440, 30, 14_400) as TimePeriodLength);
  if (periodLength < 1) {
    return failure(
      'network.bad-parameter',
      `a voting interval of ${votingIntervalSeconds} s gives no time period`,
    );
  }
  return ok({
    periodLength,
    replicas: parameter(params, 'hsdir_n_replicas', 2, 1, 16),
    spreadStore: parameter(params, 'hsdir_spread_store', 4, 1, 128),
    spreadFetch: parameter(params, 'hsdir_spread_fetch', 3, 1, 128),
    maxDescriptorSize: parameter(params, 'HSV3MaxDescriptorSize', 50_000, 1, INT32_MAX),
  });
};
