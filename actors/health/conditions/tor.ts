import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/** Tor bootstraps within seconds from its data directory, within a minute or two without. */
const TOR_GRACE_MS = 120_000;

export const torConditions = ({ tor }: Observed): readonly Condition[] => {
  if (tor === null || tor.state === 'up') return [];
  const error = errorData('health.tor-down', 'tor', { state: tor.state, reason: tor.lastError ?? 'unknown' });
  return [{ error, graceMs: TOR_GRACE_MS }];
};
