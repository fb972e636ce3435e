import { errorData } from '../../kernel/errors.js';
import type { TorStatus } from '../../tor/messages.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/**
 * Tor bootstraps within seconds from its data directory, within a minute or two without. Over bridges it takes up to ten: that
 * is told, and nothing is done about it while it gets on.
 */
const TOR_GRACE_MS = 120_000;

/** A Tor that hangs is replaced after 8 s, one that builds no circuits after 50. */
const TROUBLE_GRACE_MS = 90_000;

/** One that died is back within seconds, one that hung within twenty; what lasts longer somebody should see. */
const REDUNDANCY_GRACE_MS = 30_000;

/** The Tor that does not carry: the node serves, and the next fault would be felt. */
const redundancy = ({ redundancy: both }: TorStatus): readonly Condition[] => {
  if (both === null || (both.other.state === 'up' && both.other.trouble === null)) return [];
  const { state, lastError, trouble } = both.other;
  const which = both.inUse === 'first' ? 'standby' : 'first';
  const detail = { which, state, reason: lastError ?? trouble ?? 'none' };
  return [{ error: errorData('health.tor-not-redundant', 'tor', detail), graceMs: REDUNDANCY_GRACE_MS }];
};

export const torConditions = ({ tor }: Observed): readonly Condition[] =>
  tor === null ? [] : [...inUse(tor), ...redundancy(tor)];

const inUse = (tor: TorStatus): readonly Condition[] => {
  const trouble = tor.trouble ?? 'none';
  if (tor.state !== 'up') {
    const detail = { state: tor.state, reason: tor.lastError ?? trouble, trouble };
    return [{ error: errorData('health.tor-down', 'tor', detail), graceMs: TOR_GRACE_MS }];
  }
  return tor.trouble === null
    ? []
    : [{ error: errorData('health.tor-trouble', 'tor', { trouble }), graceMs: TROUBLE_GRACE_MS }];
};
