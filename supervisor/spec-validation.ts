import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { shortestPeriodMs } from './breaker.js';
import type { ChildSpec, GroupSpec, SupervisorSpec } from './child-spec.js';

const repeated = (names: readonly string[]): string | undefined =>
  names.find((name, index) => names.indexOf(name) !== index);

const positive = (value: number): boolean => Number.isFinite(value) && value > 0;

const childProblem = ({ id, startTimeoutMs, shutdownMs, killMs }: ChildSpec): string | null =>
  positive(startTimeoutMs) && positive(shutdownMs) && positive(killMs)
    ? null
    : `child ${id} has a deadline that is not positive`;

const groupProblem = (group: GroupSpec): string | null => {
  const { id, children, strategy, intensity, periodMs } = group;
  if (children.length === 0) return `group ${id} has no children`;
  if (!Number.isInteger(intensity) || intensity < 0) return `group ${id} has an impossible intensity`;
  if (!positive(periodMs)) return `group ${id} has a period that is not positive`;
  if (strategy === 'rest_for_one' && children.slice(0, -1).some(({ restart }) => restart === 'temporary')) {
    // It would never come back, while what depends on it is started again without it.
    return `group ${id} is rest_for_one, and others depend on a temporary child`;
  }
  return children.map(childProblem).find((problem) => problem !== null) ?? null;
};

const breakerProblem = (group: GroupSpec): ErrorData | null => {
  const startTimeoutMs = Math.max(...group.children.map((child) => child.startTimeoutMs));
  const needed = shortestPeriodMs({ ...group, startTimeoutMs });
  if (group.periodMs > needed) return null;
  return errorData('config.breaker-cannot-trip', 'supervisor.period_secs', {
    periodSecs: group.periodMs / 1000,
    neededSecs: Math.ceil(needed / 1000),
  });
};

/** What is impossible about a supervision tree, checked before anything starts; null when all is well. */
export const specProblem = (spec: SupervisorSpec): ErrorData | null => {
  const bad = (problem: string): ErrorData => errorData('supervisor.bad-spec', 'supervisor', { problem });
  if (spec.groups.length === 0) return bad('it has no groups');
  const twiceGroup = repeated(spec.groups.map(({ id }) => id));
  if (twiceGroup !== undefined) return bad(`two groups are called ${twiceGroup}`);
  const twice = repeated(spec.groups.flatMap(({ children }) => children.map(({ id }) => id)));
  if (twice !== undefined) return bad(`two children are called ${twice}`);
  if (!positive(spec.pingIntervalMs) || !positive(spec.pingTimeoutMs))
    return bad('a ping time is not positive');
  if (!Number.isInteger(spec.foremost) || spec.foremost < 0) return bad('an impossible number is foremost');
  const problem = spec.groups.map(groupProblem).find((found) => found !== null) ?? null;
  if (problem !== null) return bad(problem);
  return spec.groups.map(breakerProblem).find((found) => found !== null) ?? null;
};
