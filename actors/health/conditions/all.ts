import type { Config } from '../../kernel/config/schema.js';
import type { Observed } from '../observed.js';
import type { TargetRecord } from '../target-record.js';
import { canaryConditions } from './canary.js';
import { clockConditions } from './clock.js';
import type { Condition } from './condition.js';
import { electionConditions } from './election.js';
import { keyConditions } from './keys.js';
import { machineConditions } from './machine.js';
import { proxyConditions } from './proxy.js';
import { publisherConditions } from './publisher.js';
import { targetConditions } from './target.js';
import { torConditions } from './tor.js';
import { transportConditions } from './transports.js';

/** Everything that is not as it should be, from what is known and the time; one function for each area. */
export const conditions = (
  observed: Observed,
  targets: readonly TargetRecord[],
  config: Config,
  wallMs: number,
): readonly Condition[] => [
  ...clockConditions(observed, wallMs),
  ...torConditions(observed),
  ...proxyConditions(observed),
  // Behind a drained node the target may be worked at, too: no client comes that way.
  ...(observed.drain === 'drained' ? [] : targetConditions(targets, config)),
  ...canaryConditions(observed, config),
  ...electionConditions(observed, config),
  ...publisherConditions(observed),
  ...transportConditions(observed),
  ...keyConditions(observed, config),
  ...machineConditions(observed.examined, config),
];
