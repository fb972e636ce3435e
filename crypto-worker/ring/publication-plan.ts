import { periodKeys } from '../blinding/period-keys.js';
import type { IdentityPublicKey } from '../brands.js';
import type { Schedule } from '../periods/schedule.js';
import { type DescriptorTimes, twoDescriptors } from '../periods/two-descriptors.js';
import { type Result, ok } from '../result.js';
import type { DescriptorPlan, NetworkView, PublicationPlan, PublicationPlanInput } from '../task-types.js';
import { responsibleHsDirs } from './responsible-hsdirs.js';

/** The boundaries that a network view fixes. */
export const scheduleOf = (network: NetworkView): Schedule => ({
  validAfter: network.validAfter,
  votingIntervalSeconds: network.votingIntervalSeconds,
  periodLength: network.hsDirParams.periodLength,
});

const descriptorPlan = (
  identity: IdentityPublicKey,
  network: NetworkView,
  times: DescriptorTimes,
): Result<DescriptorPlan> => {
  const keys = periodKeys(identity, times.timePeriod, network.hsDirParams.periodLength);
  const hsDirs = responsibleHsDirs({
    blindedKey: keys.blindedKey,
    timePeriod: times.timePeriod,
    sharedRandom: times.sharedRandom,
    params: network.hsDirParams,
    relays: network.relays,
  });
  return hsDirs.ok ? ok({ ...times, ...keys, ...hsDirs.value }) : hsDirs;
};

/** Task: both descriptors of an identity with keys, run starts and HSDirs, by one consensus. */
export const publicationPlan = ({ identity, network }: PublicationPlanInput): Result<PublicationPlan> => {
  const two = twoDescriptors(scheduleOf(network), {
    previous: network.sharedRandomPrevious,
    current: network.sharedRandomCurrent,
  });
  const first = descriptorPlan(identity, network, two.first);
  if (!first.ok) return first;
  const second = descriptorPlan(identity, network, two.second);
  if (!second.ok) return second;
  return ok({
    betweenTimePeriodAndSrv: two.betweenTimePeriodAndSrv,
    clientsUse: two.clientsUse,
    first: first.value,
    second: second.value,
  });
};
