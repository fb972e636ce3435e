import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { CanaryStep } from '../canary/canary-record.js';
import type { Observed } from '../observed.js';
import { atOnce } from './condition.js';
import type { Condition } from './condition.js';

/** Where an operator looks first. */
const REMEDIES: Readonly<Record<CanaryStep, string>> = {
  socks: 'See whether Tor runs: rustbalance debug tor.',
  descriptor: 'See rustbalance status for what the HSDirs accepted.',
  introduction:
    'See rustbalance status for whose introduction points stand in the descriptor, and those nodes.',
  rendezvous: 'See the load of the nodes and of their Tors; under attack this is what clients see, too.',
  unknown: 'rustbalance debug fetch tries the same step by step.',
  proxy: 'See rbctl inspect proxy on each node, and their clocks.',
  target: 'Start the service behind [target] of that node; rustbalance debug connect tries it step by step.',
};

export const canaryConditions = (
  { canary, drain }: Observed,
  { canary: wanted }: Config,
): readonly Condition[] => {
  const { failures, last } = canary;
  // A node that is out of service by order makes no visits, and its last ones may have met its own leaving.
  if (drain !== 'no' || failures < wanted.failure_threshold || last === null || last.ok) return [];
  const { step, reason, node } = last;
  const detail = { step, reason, node: node ?? 'unknown', failures, remedy: REMEDIES[step] };
  return [atOnce(errorData('health.canary-failed', 'canary', detail))];
};
