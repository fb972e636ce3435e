import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/**
 * Tor bootstraps within seconds from its data directory, within a minute or two without. Over bridges it takes up to ten: that
 * is told, and nothing is done about it while it gets on.
 */
const TOR_GRACE_MS = 120_000;

/** A Tor that hangs is replaced after 8 s, one that builds no circuits after 50. */
const TROUBLE_GRACE_MS = 90_000;

export const torConditions = ({ tor }: Observed): readonly Condition[] => {
  if (tor === null) return [];
  const trouble = tor.trouble ?? 'none';
  if (tor.state !== 'up') {
    const detail = { state: tor.state, reason: tor.lastError ?? trouble, trouble };
    return [{ error: errorData('health.tor-down', 'tor', detail), graceMs: TOR_GRACE_MS }];
  }
  return tor.trouble === null
    ? []
    : [{ error: errorData('health.tor-trouble', 'tor', { trouble }), graceMs: TROUBLE_GRACE_MS }];
};
