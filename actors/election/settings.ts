import type { Config } from '../kernel/config/schema.js';
import type { NodeId } from '../kernel/brands.js';
import type { Fallback } from './paths.js';

/** The configuration as the election uses it: milliseconds throughout. */
export interface ElectionSettings {
  readonly nodeId: NodeId;
  readonly priority: number;
  readonly heartbeatMs: number;
  readonly probeMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly leaseMs: number;
  readonly backoffJitterMs: number;
  readonly takeoverGraceMs: number;
  readonly deadThreshold: number;
  readonly removalGraceMs: number;
  readonly skewToleranceMs: number;
  /** Null where there is one transport only. */
  readonly fallback: Fallback | null;
}

const MS = 1000;

export const electionSettings = (config: Config): ElectionSettings => ({
  nodeId: config.node.id as NodeId,
  priority: config.node.priority,
  heartbeatMs: config.coordination.heartbeat_interval_secs * MS,
  probeMs: config.coordination.probe_interval_secs * MS,
  heartbeatTimeoutMs: config.coordination.heartbeat_timeout_secs * MS,
  leaseMs: config.coordination.lease_duration_secs * MS,
  backoffJitterMs: config.coordination.backoff_jitter_secs * MS,
  takeoverGraceMs: config.publish.takeover_grace_secs * MS,
  deadThreshold: config.resilience.dead_threshold,
  removalGraceMs: config.resilience.removal_grace_period * MS,
  skewToleranceMs: config.node.clock_skew_tolerance_secs * MS,
  fallback:
    config.coordination.mode === 'wireguard' && config.resilience.tor_fallback_enabled
      ? { preferred: 'wireguard', standIn: 'tor' }
      : null,
});
