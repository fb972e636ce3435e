import type {
  OnionAddress,
  RelayFingerprint,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { DescriptorPlan, PublicationPlan } from '@rustbalance/crypto-worker/task-types.js';

/**
 * Which of the instance's two descriptors has the introduction points to publish, and how it is read.
 *
 * Tor keeps desc_current and desc_next, each with points of its own. At every new shared random value it closes all
 * introduction circuits of desc_current and promotes desc_next. Points that shall outlive the rotation are therefore
 * those of the descriptor that clients use: desc_current between SRV and time period, desc_next between time period
 * and SRV. In onionbalance mode Tor accepts introductions under the master's keys for TP-1, TP and TP+1 at either.
 */
export interface WhichPoints {
  /** The period of the instance's descriptor to take points from. */
  readonly clientsPeriod: TimePeriodNumber;
  /** All periods that a descriptor of the instance can be for now. */
  readonly candidates: readonly TimePeriodNumber[];
  /**
   * Where that descriptor must be fetched: its own ring. Null while it is desc_current, which GETINFO shows;
   * desc_next is shown by nothing else than the HSDirs that Tor uploaded it to.
   */
  readonly fetchFrom: readonly RelayFingerprint[] | null;
  /** What the revision counters of both descriptors count seconds from, by period. */
  readonly runStarts: readonly RunStart[];
}

export interface RunStart {
  readonly timePeriod: TimePeriodNumber;
  readonly srvRunStart: UnixSeconds;
}

const distinct = (plan: DescriptorPlan): readonly RelayFingerprint[] => [
  ...new Set(plan.store.map(({ fingerprint }) => fingerprint)),
];

/** From the plan of the instance's own identity, which the consensus' valid-after decides. */
export const whichPoints = (plan: PublicationPlan): WhichPoints => {
  const clients = plan[plan.clientsUse];
  return {
    clientsPeriod: clients.timePeriod,
    candidates: [-1, 0, 1].map((step) => (clients.timePeriod + step) as TimePeriodNumber),
    fetchFrom: plan.clientsUse === 'second' ? distinct(clients) : null,
    runStarts: [plan.first, plan.second].map(({ timePeriod, srvRunStart }) => ({ timePeriod, srvRunStart })),
  };
};

/** `<56>.onion` of the configuration as an address. */
export const addressOf = (onionHost: string): OnionAddress =>
  onionHost.replace(/\.onion$/, '') as OnionAddress;
