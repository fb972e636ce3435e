import { clockFault } from '../../kernel/clock-sanity.js';
import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import { atOnce } from './condition.js';
import type { Condition } from './condition.js';

export const clockConditions = ({ network }: Observed, wallMs: number): readonly Condition[] => {
  const fault = network === null ? null : clockFault(wallMs, network);
  if (fault === null) return [];
  return [atOnce(errorData(fault === 'behind' ? 'health.clock-behind' : 'health.clock-ahead', 'clock'))];
};

/** False while nothing may be signed. Without a consensus nothing contradicts the clock, and nothing is published. */
export const isClockSane = ({ network }: Observed, wallMs: number): boolean =>
  network === null || clockFault(wallMs, network) === null;
