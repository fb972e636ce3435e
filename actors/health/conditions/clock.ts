import { clockFault } from '../../kernel/clock-sanity.js';
import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import { critical } from './condition.js';
import type { Condition } from './condition.js';
import { CLOCK_UNSIGNED_SECS, ownClockError, peerClockConditions } from './peer-clocks.js';

/** Gross error against the consensus, which is up to three hours old; the fine one against the peers. */
export const clockConditions = ({ network, peers }: Observed, wallMs: number): readonly Condition[] => {
  const fault = network === null ? null : clockFault(wallMs, network);
  const gross =
    fault === null
      ? []
      : [critical(errorData(fault === 'behind' ? 'health.clock-behind' : 'health.clock-ahead', 'clock'))];
  return [...gross, ...peerClockConditions(peers)];
};

/**
 * False while nothing may be signed. Without a consensus nothing contradicts the clock, and nothing is published. With
 * require_ntp_sync a start waits until a time service keeps the clock; where nobody can say, that is only a finding.
 */
export const isClockSane = (
  { network, peers, timeVouched }: Observed,
  { resilience }: Config,
  wallMs: number,
): boolean => {
  if (network !== null && clockFault(wallMs, network) !== null) return false;
  if (resilience.require_ntp_sync && !timeVouched) return false;
  return Math.abs(ownClockError(peers)?.offsetSecs ?? 0) < CLOCK_UNSIGNED_SECS;
};
