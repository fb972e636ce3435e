import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { BackoffSpec } from './backoff.js';
import { minUptimeMs } from './breaker.js';
import type { GroupSpec, SupervisorSpec } from './child-spec.js';

/**
 * Tor and its relays must not be hammered by an actor that fails at once, while an actor that was merely
 * unlucky must be back at once. With these, eleven restarts are spread over 33 s.
 */
const BACKOFF: BackoffSpec = { baseMs: 50, capMs: 10_000, jitter: 0.25 };

/** A thread that spins or waits in JavaScript ends within milliseconds; a synchronous pbkdf2 took 7.9 s. */
const KILL_MS = 5_000;

/**
 * Each actor is a group of its own: they fail for reasons of their own, so that one's failures neither restart
 * another (ProxyActor's clients would feel it) nor use up another's budget.
 */
export const actorSpecs = ({ supervisor, proxy }: Config): SupervisorSpec => {
  // The proxy gives its connections four fifths of its time: no less than drain_secs.
  const { intensity, shutdown_secs: shutdownSecs } = supervisor;
  const periodMs = supervisor.period_secs * 1000;
  const startTimeoutMs = supervisor.start_timeout_secs * 1000;
  const uptime = minUptimeMs({ intensity, periodMs, startTimeoutMs, backoff: BACKOFF });
  const groups = ACTOR_NAMES.map((name): GroupSpec => {
    const child = {
      id: name,
      restart: 'permanent' as const,
      startTimeoutMs,
      shutdownMs: (name === 'proxy' ? Math.max(shutdownSecs, proxy.drain_secs * 1.25) : shutdownSecs) * 1000,
      killMs: KILL_MS,
    };
    return {
      id: name,
      strategy: 'one_for_one',
      intensity,
      periodMs,
      backoff: BACKOFF,
      minUptimeMs: uptime,
      children: [child],
    };
  });
  return {
    groups,
    foremost: ACTOR_NAMES.indexOf('proxy') + 1,
    pingIntervalMs: supervisor.ping_interval_secs * 1000,
    pingTimeoutMs: supervisor.ping_timeout_secs * 1000,
  };
};

/** Children of the process host that are asked to end are killed after this. */
export const CHILDREN_STOP_MS = 5_000;

/** The longest that an orderly stop can take before the process ends anyway: one actor after the other, then the children. */
export const worstCaseStopMs = ({ groups }: SupervisorSpec): number =>
  groups
    .flatMap(({ children }) => children)
    .reduce((sum, { shutdownMs, killMs }) => sum + shutdownMs + killMs, CHILDREN_STOP_MS);
