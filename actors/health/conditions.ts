import { clockFault } from '../kernel/clock-sanity.js';
import type { Config } from '../kernel/config/schema.js';
import { errorData } from '../kernel/errors.js';
import type { ErrorData } from '../kernel/errors.js';
import type { Observed } from './observed.js';
import type { TargetRecord } from './target-record.js';

/** Something that is not as it should be, and how long that may be so before it is worth a finding. */
export interface Condition {
  readonly error: ErrorData;
  readonly graceMs: number;
}

/** Tor bootstraps within seconds from its data directory, within a minute or two without. */
const TOR_GRACE_MS = 120_000;

/** A restart of the proxy's thread takes well below a second. */
const PROXY_GRACE_MS = 10_000;

/** What hinders publishing mends itself within a few retries, or not at all. */
const PUBLISHER_GRACE_MS = 60_000;

const now = (error: ErrorData): Condition => ({ error, graceMs: 0 });

const targetConditions = (target: TargetRecord, config: Config): readonly Condition[] =>
  target.failures < config.health.probe_failure_threshold
    ? []
    : [now(errorData('health.target-down', 'target', { reason: target.lastReason ?? 'unknown' }))];

const torConditions = ({ tor }: Observed): readonly Condition[] => {
  if (tor === null || tor.state === 'up') return [];
  const error = errorData('health.tor-down', 'tor', { state: tor.state, reason: tor.lastError ?? 'unknown' });
  return [{ error, graceMs: TOR_GRACE_MS }];
};

const proxyConditions = ({ proxy }: Observed): readonly Condition[] =>
  proxy === null || proxy.state === 'listening'
    ? []
    : [{ error: errorData('health.proxy-down', 'proxy', { state: proxy.state }), graceMs: PROXY_GRACE_MS }];

/** How long the nodes may need to agree on a publisher after they lost one. */
const electionGraceMs = ({ coordination, publish }: Config): number =>
  1000 *
  (coordination.heartbeat_timeout_secs +
    publish.takeover_grace_secs +
    coordination.backoff_jitter_secs +
    coordination.lease_duration_secs);

const electionConditions = ({ role, peers }: Observed, config: Config): readonly Condition[] => {
  const none: readonly Condition[] =
    role !== null && role.publisher === null
      ? [{ error: errorData('health.no-publisher', 'election'), graceMs: electionGraceMs(config) }]
      : [];
  const ill = peers
    .filter(({ lifecycle }) => lifecycle === 'dead' || lifecycle === 'unhealthy')
    .map(({ id, lifecycle }) => now(errorData('health.peer-dead', `peer ${id}`, { peer: id, lifecycle })));
  const tolerance = config.node.clock_skew_tolerance_secs;
  const skewed = peers
    .filter(({ clockOffsetSecs }) => clockOffsetSecs !== null && Math.abs(clockOffsetSecs) > tolerance)
    .map(({ id, clockOffsetSecs }) => {
      const direction = (clockOffsetSecs ?? 0) > 0 ? 'ahead of' : 'behind';
      return now(errorData('health.peer-clock', `peer ${id}`, { peer: id, direction, tolerance }));
    });
  return [...none, ...ill, ...skewed];
};

const publisherConditions = ({ publisher }: Observed): readonly Condition[] =>
  publisher === null || publisher.reason === null || publisher.state === 'standby'
    ? []
    : [
        {
          error: errorData('health.publisher-degraded', 'publisher', { reason: publisher.reason }),
          graceMs: PUBLISHER_GRACE_MS,
        },
      ];

const clockConditions = ({ network }: Observed, wallMs: number): readonly Condition[] => {
  const fault = network === null ? null : clockFault(wallMs, network);
  if (fault === null) return [];
  return [now(errorData(fault === 'behind' ? 'health.clock-behind' : 'health.clock-ahead', 'clock'))];
};

/** Everything that is not as it should be, from what is known and the time. */
export const conditions = (
  observed: Observed,
  target: TargetRecord,
  config: Config,
  wallMs: number,
): readonly Condition[] => [
  ...clockConditions(observed, wallMs),
  ...torConditions(observed),
  ...proxyConditions(observed),
  ...targetConditions(target, config),
  ...electionConditions(observed, config),
  ...publisherConditions(observed),
];

/** False while nothing may be signed. Without a consensus nothing contradicts the clock, and nothing is published. */
export const isClockSane = ({ network }: Observed, wallMs: number): boolean =>
  network === null || clockFault(wallMs, network) === null;
