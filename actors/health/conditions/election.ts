import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import { atOnce } from './condition.js';
import type { Condition } from './condition.js';

/** How long the nodes may need to agree on a publisher after they lost one. */
const electionGraceMs = ({ coordination, publish }: Config): number =>
  1000 *
  (coordination.heartbeat_timeout_secs +
    publish.takeover_grace_secs +
    coordination.backoff_jitter_secs +
    coordination.lease_duration_secs);

export const electionConditions = ({ role, peers }: Observed, config: Config): readonly Condition[] => {
  const none: readonly Condition[] =
    role !== null && role.publisher === null
      ? [{ error: errorData('health.no-publisher', 'election'), graceMs: electionGraceMs(config) }]
      : [];
  const ill = peers
    // One that has left the service by order is stopped next, and nobody is to be called for that.
    .filter(({ draining }) => draining !== 'drained')
    .filter(({ lifecycle }) => lifecycle === 'dead' || lifecycle === 'unhealthy')
    .map(({ id, lifecycle }) => atOnce(errorData('health.peer-dead', `peer ${id}`, { peer: id, lifecycle })));
  return [...none, ...ill];
};
